# Compiler, linker and cache settings that hold for every target.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(LIMA_CCACHE ccache)
if(LIMA_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${LIMA_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${LIMA_CCACHE}")
endif()

# A linker that is fast, where there is one. g++ 12 knows -fuse-ld=mold and =lld.
find_program(LIMA_MOLD mold)
find_program(LIMA_LLD NAMES ld.lld ld.lld-19)
if(LIMA_MOLD AND NOT LIMA_SANITIZE)
  add_link_options(-fuse-ld=mold)
elseif(LIMA_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()

if(LIMA_SANITIZE)
  add_compile_options(-fsanitize=${LIMA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LIMA_SANITIZE})
endif()

# What the fuzzer follows; the targets in tests/fuzz link its main function.
if(LIMA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()

# Installed programs find the stage's libraries relative to themselves: the prefix is relocatable.
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

# Headers of third parties are not ours to warn about.
add_library(lima_warnings INTERFACE)
target_compile_options(lima_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Werror=unused-result
  $<$<COMPILE_LANGUAGE:CXX>:-Wconversion;-Wno-sign-conversion;-Wnon-virtual-dtor>
  # g++ 12 sees overlaps in std::string's own code when it optimises (GCC bug 105651)
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # clang sees that std::stable_sort of libstdc++ 12 uses what that has deprecated; g++ goes on telling of ours
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  $<$<BOOL:${LIMA_WERROR}>:-Werror>)
