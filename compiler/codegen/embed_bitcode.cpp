// The bitcode as data of this library, so that nothing has to be found on disk. The paths are the build's.
#define BRAID_EMBED(name, path)                \
  __asm__(                                     \
      ".section .rodata.braid_bitcode,\"a\"\n" \
      ".balign 16\n"                           \
      ".hidden " #name                         \
      "\n"                                     \
      ".global " #name "\n" #name              \
      ":\n"                                    \
      ".incbin \"" path                        \
      "\"\n"                                   \
      ".hidden " #name                         \
      "_end\n"                                 \
      ".global " #name "_end\n" #name          \
      "_end:\n"                                \
      ".byte 0\n"                              \
      ".text\n")

BRAID_EMBED(braid_row_bitcode, BRAID_ROW_BITCODE);
BRAID_EMBED(braid_record_bitcode, BRAID_RECORD_BITCODE);
BRAID_EMBED(braid_avro_bitcode, BRAID_AVRO_BITCODE);
BRAID_EMBED(braid_protobuf_bitcode, BRAID_PROTOBUF_BITCODE);
BRAID_EMBED(braid_stdlib_bitcode, BRAID_STDLIB_BITCODE);
