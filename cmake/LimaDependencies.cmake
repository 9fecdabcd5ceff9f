# The third-party libraries, found once. Which folder may use which is written in ARCHITECTURE.md ("fences").

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(LibArchive REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBSSH2 REQUIRED IMPORTED_TARGET libssh2)
pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(GRPC REQUIRED grpc++_unsecure)
find_path(LIMA_TOMLPLUSPLUS toml++/toml.h REQUIRED) # a header alone; Debian's CMake target asks for its shared library
find_library(LIMA_EXPAT libexpat.a REQUIRED)
find_program(LIMA_PROTOC protoc REQUIRED)
find_program(LIMA_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
find_package(CLI11 REQUIRED)
if(LIMA_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(LIMA_BENCH)
  find_package(benchmark REQUIRED)
endif()

# Boost without its compiled parts: std::filesystem for Boost.DLL, one spelling for the whole build because it
# changes types.
add_library(lima_boost INTERFACE)
target_link_libraries(lima_boost INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(lima_boost INTERFACE BOOST_DLL_USE_STD_FS BOOST_ERROR_CODE_HEADER_ONLY
  BOOST_ASIO_NO_DEPRECATED)

# What reads XML, linked statically: a command that reads none shall not wait for the loader.
add_library(lima_expat INTERFACE)
target_link_libraries(lima_expat INTERFACE "${LIMA_EXPAT}")

# gRPC without TLS: its channels lead over sockets that only the right end can open. Shared for the host agent; static
# for the guest agent, which must run in any guest. Debian's .pc file names neither zlib nor the others below it, and
# names Abseil's archives many times over.
add_library(lima_grpc_shared INTERFACE)
target_link_libraries(lima_grpc_shared INTERFACE grpc++_unsecure grpc_unsecure gpr protobuf-lite absl_synchronization)
set(archives ${GRPC_STATIC_LIBRARIES})
list(FILTER archives INCLUDE REGEX "^(grpc|gpr|absl)")
list(REMOVE_DUPLICATES archives)
add_library(lima_grpc_static INTERFACE)
target_link_libraries(lima_grpc_static INTERFACE
  -Wl,--start-group ${archives} protobuf-lite cares re2 address_sorting upb z rt -Wl,--end-group Threads::Threads)
