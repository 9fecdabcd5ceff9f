# Packages for authors of drivers: "cpack --config CPackConfig.cmake" in the build tree makes lima-sdk-VERSION.tar.gz and
# lima-sdk-dev_VERSION_ARCH.deb, both of the component "sdk" alone.

set(CPACK_GENERATOR TGZ DEB)
set(CPACK_COMPONENTS_ALL sdk)
set(CPACK_PACKAGE_NAME lima)
set(CPACK_PACKAGE_FILE_NAME "lima-sdk-${PROJECT_VERSION}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "headers, build helpers and examples for drivers of limactl")
set(CPACK_COMPONENT_SDK_DESCRIPTION
  "All that is needed to build a driver, a shared library that teaches limactl one way to run virtual machines, and the kit that tries whether it does what it should.")
set(CPACK_PACKAGE_CONTACT "The Lima in C++ authors")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_SDK_FILE_NAME "lima-sdk-${PROJECT_VERSION}")
# A directory around it all is right for the archive and wrong for the .deb. cpack reads this file once for each.
set(CPACK_PROJECT_CONFIG_FILE "${CMAKE_CURRENT_BINARY_DIR}/CPackProjectConfig.cmake")
file(CONFIGURE OUTPUT "${CPACK_PROJECT_CONFIG_FILE}" @ONLY CONTENT [[
if(CPACK_GENERATOR STREQUAL "TGZ")
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
endif()
]])

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_SDK_PACKAGE_NAME lima-sdk-dev)
# lima-check-driver is compiled, so the package is for the architecture of the build.
set(CPACK_DEBIAN_SDK_PACKAGE_DEPENDS "libc6, libgcc-s1, libstdc++6")
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS "libexpected-dev")
set(CPACK_DEBIAN_SDK_PACKAGE_SUGGESTS "cmake, pkg-config")
include(CPack)
