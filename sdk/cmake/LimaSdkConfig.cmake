# find_package(LimaSdk 1 CONFIG): the target LimaSdk::driver and the function lima_add_driver (LimaDriver.cmake). Works
# wherever the prefix is moved to. C drivers need nothing else; <lima/driver.hpp> needs tl::expected, which is looked for
# here and linked where it is found.

if(CMAKE_VERSION VERSION_LESS 3.20)
  set(LimaSdk_FOUND FALSE)
  set(LimaSdk_NOT_FOUND_MESSAGE "LimaSdk needs CMake 3.20, this is ${CMAKE_VERSION}")
  return()
endif()

get_filename_component(LimaSdk_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET tl::expected)
  find_package(tl-expected QUIET)
endif()

if(NOT TARGET LimaSdk::driver)
  add_library(LimaSdk::driver INTERFACE IMPORTED)
  set_target_properties(LimaSdk::driver PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${LimaSdk_PREFIX}/include"
    INTERFACE_COMPILE_FEATURES "c_std_11;cxx_std_20")
  if(TARGET tl::expected)
    set_property(TARGET LimaSdk::driver PROPERTY INTERFACE_LINK_LIBRARIES tl::expected)
  endif()
endif()

include("${CMAKE_CURRENT_LIST_DIR}/LimaDriver.cmake")
