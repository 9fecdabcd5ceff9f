# lima_add_driver: how a driver module is built, in this tree and (installed with the SDK) in anybody else's.

# lima_add_driver(NAME SOURCES a.cpp… [DEPS lib…] [OUTPUT_DIRECTORY dir] [NO_INSTALL])
#
# Makes the module target lima_driver_NAME, the file lima-driver-NAME.so. What a module must be is decided here, so that
# no author has to know it: one exported function, no undefined symbol, never unloaded, found where drivers are looked
# for. It lands in lib/lima/drivers of the build tree (which is thereby a prefix for tests) and of the installation.
# NO_INSTALL and OUTPUT_DIRECTORY are for drivers that only tests load. The property LIMA_DRIVER_TARGETS lists all that
# the conformance tests look at.
function(lima_add_driver name)
  cmake_parse_arguments(arg "NO_INSTALL" "OUTPUT_DIRECTORY" "SOURCES;DEPS" ${ARGN})
  set(target lima_driver_${name})
  set(map "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/lima-driver.map")
  if(NOT arg_OUTPUT_DIRECTORY)
    set(arg_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/lima/drivers")
  endif()

  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE LimaSdk::driver ${arg_DEPS})
  if(TARGET lima_warnings)
    target_link_libraries(${target} PRIVATE lima_warnings)
  endif()
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME lima-driver-${name} SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY "${arg_OUTPUT_DIRECTORY}"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON LINK_DEPENDS "${map}")
  if(NOT APPLE)
    target_link_options(${target} PRIVATE "LINKER:--version-script,${map}" "LINKER:-z,nodelete")
    # clang leaves the sanitizer's runtime to the executable, so its symbols are undefined in a module.
    if(NOT (LIMA_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES "Clang"))
      target_link_options(${target} PRIVATE "LINKER:--no-undefined")
    endif()
  endif()

  if(NOT arg_NO_INSTALL)
    install(TARGETS ${target} LIBRARY DESTINATION lib/lima/drivers)
    set_property(GLOBAL APPEND PROPERTY LIMA_DRIVER_TARGETS ${target})
  endif()
endfunction()
