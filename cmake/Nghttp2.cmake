# libnghttp2, as an archive where it is installed: its frames are read and written here, the sockets are the server's. Its symbols
# stay in the program: libcurl, which is loaded with the client of registries, brings its own.
find_library(BRAID_NGHTTP2 NAMES libnghttp2.a nghttp2 REQUIRED)
find_path(BRAID_NGHTTP2_INCLUDE nghttp2/nghttp2.h REQUIRED)
add_library(braid_nghttp2 INTERFACE)
target_link_libraries(braid_nghttp2 INTERFACE ${BRAID_NGHTTP2})
target_include_directories(braid_nghttp2 SYSTEM INTERFACE ${BRAID_NGHTTP2_INCLUDE})
target_link_options(braid_nghttp2 INTERFACE -Wl,--exclude-libs,libnghttp2.a)
