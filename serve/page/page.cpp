#include "serve/page/page.h"

#include <array>

#include "runtime/data/key_bytes.h"

#ifdef BRAID_PORTAL_DIST
// A file as bytes with a label at both ends.
// NOLINTNEXTLINE: the assembler is the only one that embeds a file of any size.
#define BRAID_EMBED(name, file)                                                             \
  asm(".section .rodata\n"                                                                  \
      ".hidden braid_page_" #name "\n.hidden braid_page_" #name                             \
      "_end\n"                                                                              \
      ".global braid_page_" #name "\nbraid_page_" #name                                     \
      ":\n"                                                                                 \
      ".incbin \"" BRAID_PORTAL_DIST "/" file                                               \
      "\"\n"                                                                                \
      ".global braid_page_" #name "_end\nbraid_page_" #name "_end:\n.byte 0\n.previous\n"); \
  extern "C" __attribute__((visibility("hidden"))) const char braid_page_##name[], braid_page_##name##_end[]
BRAID_EMBED(index, "index.html");
BRAID_EMBED(script, "portal.js");
BRAID_EMBED(style, "portal.css");
BRAID_EMBED(layout, "elk-worker.js");
#undef BRAID_EMBED
#endif

namespace braid::serve {
namespace {

struct PageFile {
  std::string_view path, content_type, content;
  std::string tag = fmt::format("\"{:016x}\"", key_hash(content));
};

#ifdef BRAID_PORTAL_DIST
std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}
#define BRAID_EMBEDDED(name) between(braid_page_##name, braid_page_##name##_end)
const std::array<PageFile, 5>& files() {
  static const std::array<PageFile, 5> made{
      PageFile{"/", "text/html; charset=utf-8", BRAID_EMBEDDED(index)},
      PageFile{"/index.html", "text/html; charset=utf-8", BRAID_EMBEDDED(index)},
      PageFile{"/portal.js", "text/javascript; charset=utf-8", BRAID_EMBEDDED(script)},
      PageFile{"/portal.css", "text/css; charset=utf-8", BRAID_EMBEDDED(style)},
      PageFile{"/elk-worker.js", "text/javascript; charset=utf-8", BRAID_EMBEDDED(layout)}};
  return made;
}
#undef BRAID_EMBEDDED
#else
const std::array<PageFile, 0>& files() {
  static const std::array<PageFile, 0> none{};
  return none;
}
#endif

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self' "
    "data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

bool is_of_page(std::string_view path) {
  if (path == "/") return true;
  for (const PageFile& file : files())
    if (file.path == path) return true;
  return false;
}

std::optional<HttpResponse> page_answer(const HttpRequest& request) {
  if (request.method != "GET") return std::nullopt;
  for (const PageFile& file : files()) {
    if (file.path != request.path) continue;
    if (file.path == "/" && request.header("accept").find("text/html") == std::string_view::npos) return std::nullopt;
    HttpResponse response{.content_type = std::string(file.content_type)};
    response.headers = {{"ETag", file.tag},
                        {"Cache-Control", "no-cache"},
                        {"Content-Security-Policy", kPolicy},
                        {"X-Content-Type-Options", "nosniff"},
                        {"Referrer-Policy", "no-referrer"}};
    if (request.header("if-none-match").find(file.tag) != std::string_view::npos)
      response.status = 304;
    else
      response.body = file.content;
    return response;
  }
  return std::nullopt;
}

}  // namespace braid::serve
