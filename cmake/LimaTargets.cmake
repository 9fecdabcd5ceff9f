# The helper functions through which every target is made, so that warnings, includes and tests are the same for all.

# lima_add_library(NAME [HEADER_ONLY] SOURCES a.cpp… [DEPS lib…] [PRIVATE_DEPS lib…] [TESTS x_test.cpp…] [TEST_DEPS lib…])
#
# One folder = one static library = one namespace. Makes the library lima_NAME with the alias lima::NAME. TESTS are
# looked up in tests/unit, in the folder of the same relative path as the sources, and become one test binary
# NAME_test whose cases carry the ctest label "unit".
function(lima_add_library name)
  cmake_parse_arguments(arg "HEADER_ONLY" "" "SOURCES;DEPS;PRIVATE_DEPS;TESTS;TEST_DEPS" ${ARGN})
  if(arg_HEADER_ONLY)
    add_library(lima_${name} INTERFACE)
    target_link_libraries(lima_${name} INTERFACE ${arg_DEPS})
    target_include_directories(lima_${name} INTERFACE "${PROJECT_SOURCE_DIR}")
  else()
    add_library(lima_${name} STATIC ${arg_SOURCES})
    target_include_directories(lima_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
    target_link_libraries(lima_${name} PUBLIC ${arg_DEPS} PRIVATE lima_warnings ${arg_PRIVATE_DEPS})
    set_target_properties(lima_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
  add_library(lima::${name} ALIAS lima_${name})
  if(LIMA_TESTS AND arg_TESTS)
    file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
    list(TRANSFORM arg_TESTS PREPEND "${PROJECT_SOURCE_DIR}/tests/unit/${folder}/")
    lima_add_unit_test(${name}_test SOURCES ${arg_TESTS} DEPS lima::${name} ${arg_TEST_DEPS})
  endif()
endfunction()

# lima_add_unit_test(NAME SOURCES a_test.cpp… [DEPS lib…] [LABEL unit|golden])
function(lima_add_unit_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;DEPS" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} lima_warnings GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE LIMA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # What is tested is optimised in a release build; the tests themselves need not be, and build in half the time.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${arg_LABEL} TIMEOUT 120
    ENVIRONMENT "TZ=UTC;LC_ALL=C")
endfunction()

# lima_add_program(NAME SOURCES main.cpp… DEPS lib… DESTINATION dir)
function(lima_add_program name)
  cmake_parse_arguments(arg "" "DESTINATION" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE lima_warnings ${arg_DEPS})
  install(TARGETS ${name} RUNTIME DESTINATION ${arg_DESTINATION})
endfunction()
