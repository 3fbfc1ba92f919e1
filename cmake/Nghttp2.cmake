# libnghttp2, as an archive: its frames are read and written here, the sockets are the server's.
find_library(BRAID_NGHTTP2 NAMES libnghttp2.a nghttp2 REQUIRED)
find_path(BRAID_NGHTTP2_INCLUDE nghttp2/nghttp2.h REQUIRED)
add_library(braid_nghttp2 INTERFACE)
target_link_libraries(braid_nghttp2 INTERFACE ${BRAID_NGHTTP2})
target_include_directories(braid_nghttp2 SYSTEM INTERFACE ${BRAID_NGHTTP2_INCLUDE})
