// Parts of URLs and percent encoding; url_parts.h says how a URL is cut.
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/url_parts.h"

namespace braid {

using Text = std::string_view;
using url::cut, url::decoded, url::in_lower_case, url::is_plain;

static std::optional<Text> url_scheme(CallContext& context, Text url) {
  const std::optional<Text> scheme = cut(url).scheme;
  return scheme ? std::optional<Text>(in_lower_case(context, *scheme)) : std::nullopt;
}
BRAID_FUNCTION(urls, url_scheme,
               {.summary = "The scheme of a URL in lower case, null if it has none.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {{R"(url_scheme("HTTPS://shop.example/a"))", R"("https")"},
                             {R"(url_scheme("/a"))", "null"}}})

static std::optional<Text> url_host(CallContext& context, Text url) {
  const std::optional<Text> authority = cut(url).authority;
  if (!authority) return std::nullopt;
  const size_t user = authority->rfind('@');
  Text host = user == Text::npos ? *authority : authority->substr(user + 1);
  if (host.starts_with('[')) {  // an IPv6 address has colons of its own
    const size_t end = host.find(']');
    host = end == Text::npos ? host : host.substr(0, end + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host.empty()) return std::nullopt;
  return in_lower_case(context, host);
}
BRAID_FUNCTION(urls, url_host,
               {.summary = "The host of a URL in lower case, without user and port; null if it has none.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {{R"("https://ann@Shop.example:8443/a?b=1".url_host())", R"("shop.example")"},
                             {R"(url_host("/only/a/path"))", "null"}}})

static std::optional<Text> host(CallContext& context, Text url) {
  return url_host(context, url);
}
BRAID_FUNCTION(urls, host,
               {.summary = "The same as `url_host`.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {{R"("https://shop.example/a".host())", R"("shop.example")"}, {R"(host(""))", "null"}}})

static std::optional<int64_t> url_port(Text url) {
  const std::optional<Text> authority = cut(url).authority;
  if (!authority) return std::nullopt;
  const size_t colon = authority->rfind(':');
  if (colon == Text::npos || authority->find_first_of("]@", colon) != Text::npos) return std::nullopt;
  const Text digits = authority->substr(colon + 1);
  if (digits.empty() || digits.size() > 5) return std::nullopt;
  int64_t port = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + (c - '0');
  }
  return port <= 65535 ? std::optional<int64_t>(port) : std::nullopt;
}
BRAID_FUNCTION(urls, url_port,
               {.summary = "The port that a URL states, null if it states none.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {{R"(url_port("http://shop.example:8080/"))", "8080"},
                             {R"(url_port("http://shop.example/"))", "null"}}})

static Text url_path(Text url) {
  return cut(url).path;
}
BRAID_FUNCTION(urls, url_path,
               {.summary = "The path of a URL as it stands, empty if there is none.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {{R"(url_path("https://shop.example/a%20b/c?d=1#e"))", R"("/a%20b/c")"},
                             {R"(url_path("https://shop.example"))", R"("")"}}})

static std::optional<Text> url_query(CallContext& context, Text url, Text name) {
  Text rest = cut(url).query.value_or(Text());
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const Text pair = rest.substr(0, end);
    rest = end == Text::npos ? Text() : rest.substr(end + 1);
    const size_t equals = pair.find('=');
    if (pair.empty() || decoded(context, pair.substr(0, equals), true, false) != name) continue;
    return decoded(context, equals == Text::npos ? Text() : pair.substr(equals + 1), true, false);
  }
  return std::nullopt;
}
BRAID_FUNCTION(urls, url_query,
               {.summary = "The first value of a URL's query parameter, decoded; null if there is none.",
                .parameters = {{"url", "URL to search."}, {"name", "Name of the parameter."}},
                .examples = {{R"("https://shop.example/?q=red+shoes&n=1".url_query("q"))", R"("red shoes")"},
                             {R"(url_query("https://shop.example/?q=", "q"))", R"("")"},
                             {R"(url_query("https://shop.example/", "q"))", "null"}}})

static Fallible<Text> url_decode(CallContext& context, Text text) {
  const std::optional<Text> result = decoded(context, text, false, true);
  if (!result) return fails(context, "the text has a broken percent escape, or does not decode to UTF-8");
  return *result;
}
BRAID_FUNCTION(
    urls, url_decode,
    {.summary = "Text with its percent escapes resolved. Fails for a broken escape and for what is not UTF-8.",
     .parameters = {{"text", "Text to decode; `+` stays."}},
     .examples = {{R"(url_decode("caf%C3%A9%20noir"))", R"("café noir")"},
                  {R"(url_decode("100%"))", "fails"},
                  {R"(url_decode("%ff"))", "fails"}}})

static Fallible<Text> url_encode(CallContext& context, Text text) {
  uint64_t size = 0;
  for (const char c : text) size += is_plain(c) ? 1 : 3;
  if (size > kLongestText) return too_long();
  char* const made = allocate(context, size);
  char* out = made;
  for (const char c : text) {
    if (is_plain(c)) {
      *out++ = c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    *out++ = '%';
    *out++ = "0123456789ABCDEF"[byte >> 4];
    *out++ = "0123456789ABCDEF"[byte & 15];
  }
  return Text(made, size);
}
BRAID_FUNCTION(
    urls, url_encode,
    {.summary =
         "Text as one part of a URL: all but letters, digits and `-._~` as percent escapes. Fails if the result is "
         "longer than 16 MiB.",
     .parameters = {{"text", "Text to encode."}},
     .examples = {{R"(url_encode("café & bar"))", R"("caf%C3%A9%20%26%20bar")"}, {R"(url_encode(""))", R"("")"}}})

BRAID_GROUP(urls)

}  // namespace braid
