# lima_add_proto_library(NAME a b…): the services of a.proto, b.proto in this folder, generated once for both ends, as the
# library lima_NAME with the alias lima::NAME. It names no gRPC library: some link the static ones, some the shared ones.
# It may go into a module, hence the position-independent code.
function(lima_add_proto_library name)
  set(generated "${PROJECT_BINARY_DIR}/generated")
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  file(MAKE_DIRECTORY "${generated}/${folder}")
  set(sources)
  foreach(proto ${ARGN})
    set(stem "${generated}/${folder}/${proto}")
    set(outputs "${stem}.pb.cc" "${stem}.pb.h" "${stem}.grpc.pb.cc" "${stem}.grpc.pb.h")
    add_custom_command(OUTPUT ${outputs}
      COMMAND ${LIMA_PROTOC} -I "${PROJECT_SOURCE_DIR}" --cpp_out "${generated}" --grpc_out "${generated}"
        --plugin=protoc-gen-grpc=${LIMA_GRPC_CPP_PLUGIN} "${CMAKE_CURRENT_SOURCE_DIR}/${proto}.proto"
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${proto}.proto" VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()
  add_library(lima_${name} STATIC ${sources})
  target_include_directories(lima_${name} SYSTEM PUBLIC "${generated}")
  target_compile_options(lima_${name} PRIVATE -w)
  set_target_properties(lima_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  add_library(lima::${name} ALIAS lima_${name})
endfunction()
