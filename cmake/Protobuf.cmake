# libprotobuf, as an archive where it is installed: its symbols stay in the program, and nothing is loaded at its start.
find_library(BRAID_PROTOBUF NAMES libprotobuf.a protobuf REQUIRED)
find_path(BRAID_PROTOBUF_INCLUDE google/protobuf/descriptor.h REQUIRED)
add_library(braid_protobuf INTERFACE)
target_link_libraries(braid_protobuf INTERFACE ${BRAID_PROTOBUF} Threads::Threads)
target_include_directories(braid_protobuf SYSTEM INTERFACE ${BRAID_PROTOBUF_INCLUDE})
target_link_options(braid_protobuf INTERFACE -Wl,--exclude-libs,libprotobuf.a)
