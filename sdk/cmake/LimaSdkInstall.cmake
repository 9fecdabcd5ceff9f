# The component "sdk" of the installation: what an author of drivers gets. Nothing in it knows its prefix, and nothing but
# the kit (../check, bin/lima-check-driver) is compiled.

# The package has the version of the contract, not of limactl.
file(STRINGS "${CMAKE_CURRENT_SOURCE_DIR}/include/lima/driver.h" lines REGEX "^#define LIMA_DRIVER_ABI_(MAJOR|MINOR) ")
string(REGEX REPLACE ".*MAJOR ([0-9]+)u.*MINOR ([0-9]+)u.*" "\\1.\\2" sdk_version "${lines}")

include(CMakePackageConfigHelpers)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/LimaSdkConfigVersion.cmake"
  VERSION ${sdk_version} COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
configure_file(cmake/lima-sdk.pc.in lima-sdk.pc @ONLY)

install(DIRECTORY include/lima DESTINATION include COMPONENT sdk)
install(FILES
  cmake/LimaSdkConfig.cmake
  "${CMAKE_CURRENT_BINARY_DIR}/LimaSdkConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/LimaDriver.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/lima-driver.map"
  DESTINATION share/cmake/LimaSdk COMPONENT sdk)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/lima-sdk.pc" DESTINATION share/pkgconfig COMPONENT sdk)
install(DIRECTORY examples DESTINATION share/lima/sdk COMPONENT sdk USE_SOURCE_PERMISSIONS)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/NOTICE" DESTINATION share/lima/sdk COMPONENT sdk)

# The documents point at headers and examples, which lie elsewhere in a prefix than in this repository.
foreach(document driver-abi.md writing-a-driver.md)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/${document}")
  file(READ "${PROJECT_SOURCE_DIR}/docs/${document}" text)
  string(REPLACE "](../sdk/include/" "](../../../../include/" text "${text}")
  string(REPLACE "](../sdk/examples/" "](../examples/" text "${text}")
  file(CONFIGURE OUTPUT "docs/${document}" CONTENT "${text}" @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/docs/${document}" DESTINATION share/lima/sdk/docs COMPONENT sdk)
endforeach()
