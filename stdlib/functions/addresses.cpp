// More of URLs: all parameters of a query, URLs changed, normalised and resolved; hosts and e-mail addresses. Nothing
// is rejected for not being a URL (url_parts.h).
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/url_parts.h"

namespace braid {

using Text = std::string_view;
using url::Parts;

namespace {

/// The parts as one text again.
void append(std::string& out, const Parts& parts) {
  if (parts.scheme) out.append(*parts.scheme).append(":");
  if (parts.authority) out.append("//").append(*parts.authority);
  out += parts.path;
  if (parts.query) out.append("?").append(*parts.query);
  if (parts.fragment) out.append("#").append(*parts.fragment);
}

Fallible<Text> made_of(CallContext& context, const std::string& text) {
  if (text.size() > kLongestText) return too_long();
  return made_text(context, text);
}

void append_escaped(std::string& out, Text text) {
  for (const char c : text) {
    if (url::is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    out += '%';
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789ABCDEF"[byte & 15];
  }
}

/// Without `.` and `..` (RFC 3986, section 5.2.4), in one pass.
std::string without_dots(Text path) {
  std::string out;
  const bool rooted = path.starts_with('/');
  std::vector<size_t> starts;  // of the segments in `out`, with the mark before them
  for (size_t at = 0; at < path.size();) {
    size_t begin = at;
    if (path[at] == '/') ++begin;
    const size_t end = std::min(path.find('/', begin), path.size());
    const Text segment = path.substr(begin, end - begin);
    const bool last = end == path.size();
    if (segment == "..") {
      if (!starts.empty()) {
        out.resize(starts.back());
        starts.pop_back();
      }
      if (last && (rooted || !out.empty())) out += '/';
    } else if (segment == ".") {
      if (last && (rooted || !out.empty())) out += '/';
    } else {
      starts.push_back(out.size());
      if (begin > at && (rooted || !out.empty())) out += '/';
      out += segment;
    }
    at = end;
    if (last) break;
  }
  return out;
}

bool same_name(CallContext& context, Text written, Text name) {
  return url::decoded(context, written, true, false) == name;
}

}  // namespace

static std::optional<Text> url_user(CallContext& context, Text url) {
  const std::optional<Text> authority = url::cut(url).authority;
  const size_t end = authority ? authority->rfind('@') : Text::npos;
  if (end == Text::npos) return std::nullopt;
  const Text user = authority->substr(0, end);
  return url::decoded(context, user.substr(0, user.find(':')), false, false);
}
BRAID_FUNCTION(addresses, url_user,
               {.summary = "The user that a URL states, without a password; null if it states none.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {{R"(url_user("ftp://ann:secret@files.example/a"))", R"("ann")"},
                             {R"(url_user("https://shop.example/"))", "null"}}})

static std::optional<Text> url_fragment(CallContext& context, Text url) {
  const std::optional<Text> fragment = url::cut(url).fragment;
  if (!fragment) return std::nullopt;
  return url::decoded(context, *fragment, false, false);
}
BRAID_FUNCTION(addresses, url_fragment,
               {.summary = "What stands behind the `#` of a URL, decoded; null if there is none.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {{R"(url_fragment("https://shop.example/a?b#top%201"))", R"("top 1")"},
                             {R"(url_fragment("/a"))", "null"}}})

static std::optional<Text> url_query_string(Text url) {
  return url::cut(url).query;
}
BRAID_FUNCTION(addresses, url_query_string,
               {.summary = "The query of a URL as it stands, null if there is none.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {{R"(url_query_string("https://shop.example/?q=a+b&n=1#c"))", R"("q=a+b&n=1")"},
                             {R"(url_query_string("/a"))", "null"}}})

static ListOf<Text> url_query_all(CallContext& context, Text url, Text name) {
  const Text query = url::cut(url).query.value_or(Text());
  uint64_t count = 0;
  Slot* const items = allocate_slots(context, static_cast<uint64_t>(std::count(query.begin(), query.end(), '&')) + 1);
  url::each_pair(query, [&](Text written, Text value, Text) {
    if (same_name(context, written, name)) items[count++] = slot_bytes(*url::decoded(context, value, true, false));
    return true;
  });
  return {items, count};
}
BRAID_FUNCTION(addresses, url_query_all,
               {.summary = "All values of a URL's query parameter, decoded.",
                .parameters = {{"url", "URL to search."}, {"name", "Name of the parameter."}},
                .examples = {{R"(url_query_all("/?tag=a&n=1&tag=b+c", "tag"))", R"(["a", "b c"])"},
                             {R"(url_query_all("/", "tag").length())", "0"}}})

static ListOf<Text> url_query_names(CallContext& context, Text url) {
  const Text query = url::cut(url).query.value_or(Text());
  uint64_t count = 0;
  Slot* const items = allocate_slots(context, static_cast<uint64_t>(std::count(query.begin(), query.end(), '&')) + 1);
  url::each_pair(query, [&](Text written, Text, Text) {
    items[count++] = slot_bytes(*url::decoded(context, written, true, false));
    return true;
  });
  return {items, count};
}
BRAID_FUNCTION(addresses, url_query_names,
               {.summary = "The names of a URL's query parameters, decoded, as often as they stand there.",
                .parameters = {{"url", "URL to search."}},
                .examples = {{R"(url_query_names("/?tag=a&n=1&tag=b"))", R"(["tag", "n", "tag"])"},
                             {R"(url_query_names("/").length())", "0"}}})

static Fallible<Text> changed_query(CallContext& context, Text url, Text name, std::optional<Text> value) {
  if (value && (value->size() > kLongestText / 3 || name.size() > kLongestText / 3)) return too_long();
  Parts parts = url::cut(url);
  std::string query;
  bool put = false;
  const auto append_pair = [&] {
    if (!query.empty()) query += '&';
    append_escaped(query, name);
    query += '=';
    append_escaped(query, *value);
    put = true;
  };
  url::each_pair(parts.query.value_or(Text()), [&](Text written, Text, Text pair) {
    if (same_name(context, written, name)) {
      if (value && !put) append_pair();
      return true;
    }
    if (!query.empty()) query += '&';
    query += pair;
    return true;
  });
  if (value && !put) append_pair();
  parts.query = query.empty() ? std::nullopt : std::optional<Text>(query);
  std::string out;
  append(out, parts);
  return made_of(context, out);
}

static Fallible<Text> url_with_query(CallContext& context, Text url, Text name, Text value) {
  return changed_query(context, url, name, value);
}
BRAID_FUNCTION(
    addresses, url_with_query,
    {.summary = "A URL whose query has a parameter once, with a value. Fails if the result is longer than 16 "
                "MiB.",
     .parameters = {{"url", "URL to change."},
                    {"name", "Name of the parameter."},
                    {"value", "Its value, which is encoded."}},
     .examples = {{R"(url_with_query("/a?n=1&q=x#top", "q", "red shoes"))", R"("/a?n=1&q=red%20shoes#top")"},
                  {R"(url_with_query("/a", "n", ""))", R"("/a?n=")"}}})

static Text url_without_query(CallContext& context, Text url, Text name) {
  return changed_query(context, url, name, std::nullopt).value;
}
BRAID_FUNCTION(addresses, url_without_query,
               {.summary = "A URL whose query has a parameter no more.",
                .parameters = {{"url", "URL to change."}, {"name", "Name of the parameter."}},
                .examples = {{R"(url_without_query("/a?session=7&n=1", "session"))", R"("/a?n=1")"},
                             {R"(url_without_query("/a?session=7#b", "session"))", R"("/a#b")"}}})

static ListOf<Text> url_segments(CallContext& context, Text url) {
  Text path = url::cut(url).path;
  Slot* const items = allocate_slots(context, static_cast<uint64_t>(std::count(path.begin(), path.end(), '/')) + 1);
  uint64_t count = 0;
  while (!path.empty()) {
    const size_t end = path.find('/');
    const Text segment = path.substr(0, end);
    path = end == Text::npos ? Text() : path.substr(end + 1);
    if (!segment.empty()) items[count++] = slot_bytes(*url::decoded(context, segment, false, false));
  }
  return {items, count};
}
BRAID_FUNCTION(addresses, url_segments,
               {.summary = "The names between the slashes of a URL's path, decoded; empty ones are left out.",
                .parameters = {{"url", "URL to cut."}},
                .examples = {
                    {R"(url_segments("https://shop.example/shoes/red%20ones/?n=1"))", R"(["shoes", "red ones"])"},
                    {R"(url_segments("https://shop.example").length())", "0"}}})

static Fallible<Text> url_join(CallContext& context, Text base, Text reference) {
  const Parts from = url::cut(base);
  Parts made = url::cut(reference);
  std::string path;
  if (made.scheme || made.authority) {
    if (!made.scheme) made.scheme = from.scheme;
    path = without_dots(made.path);
  } else {
    if (made.path.empty()) {
      path = from.path;
      if (!made.query) made.query = from.query;
    } else if (made.path.starts_with('/')) {
      path = without_dots(made.path);
    } else {
      const size_t slash = from.path.rfind('/');
      std::string merged = from.authority && from.path.empty() ? "/"
                           : slash == Text::npos               ? ""
                                                               : std::string(from.path.substr(0, slash + 1));
      merged += made.path;
      path = without_dots(merged);
    }
    made.scheme = from.scheme;
    made.authority = from.authority;
  }
  made.path = path;
  std::string out;
  append(out, made);
  return made_of(context, out);
}
BRAID_FUNCTION(
    addresses, url_join,
    {.summary = "The URL that a reference means on a page (RFC 3986, section 5). Fails if the result is longer "
                "than 16 MiB.",
     .parameters = {{"base", "URL of the page."}, {"reference", "What stands there."}},
     .examples = {{R"(url_join("https://a.example/b/c?d", "../e?f"))", R"("https://a.example/e?f")"},
                  {R"(url_join("https://a.example/b/c", "//x.example/y"))", R"("https://x.example/y")"},
                  {R"(url_join("https://a.example/b?c", "#top"))", R"("https://a.example/b?c#top")"}}})

static Fallible<Text> url_normalize(CallContext& context, Text url) {
  Parts parts = url::cut(url);
  if (parts.scheme) parts.scheme = url::in_lower_case(context, *parts.scheme);
  std::string authority;
  if (parts.authority) {
    const size_t user = parts.authority->rfind('@');
    const Text place = user == Text::npos ? *parts.authority : parts.authority->substr(user + 1);
    if (user != Text::npos) authority.append(parts.authority->substr(0, user + 1));
    Text host = url::in_lower_case(context, place);
    const Text usual = parts.scheme == Text("https") ? ":443" : parts.scheme == Text("http") ? ":80" : "";
    if (!usual.empty() && host.ends_with(usual)) host.remove_suffix(usual.size());
    if (host.ends_with(':')) host.remove_suffix(1);
    authority.append(host);
    parts.authority = authority;
  }
  // Escapes: digits in upper case, and none for what needs none.
  const auto clean = [](Text text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      const int high = text[i] == '%' && i + 2 < text.size() ? hexadecimal::digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hexadecimal::digit(text[i + 2]) : -1;
      if (low < 0) {
        out += text[i];
        continue;
      }
      const char c = static_cast<char>(high << 4 | low);
      if (url::is_plain(c)) {
        out += c;
      } else {
        out += '%';
        out += "0123456789ABCDEF"[high];
        out += "0123456789ABCDEF"[low];
      }
      i += 2;
    }
    return out;
  };
  std::string path = clean(parts.path), query = clean(parts.query.value_or(Text()));
  if (parts.authority) {
    path = without_dots(path);
    if (path.empty()) path = "/";
  }
  parts.path = path;
  if (parts.query) parts.query = query;
  if (parts.query && parts.query->empty()) parts.query = std::nullopt;
  parts.fragment = std::nullopt;
  std::string out;
  append(out, parts);
  return made_of(context, out);
}
BRAID_FUNCTION(
    addresses, url_normalize,
    {.summary = "A URL in a form that equal pages share: scheme and host in lower case, no usual port, no dots "
                "in the path, plain escapes, no fragment. Fails if the result is longer than 16 MiB.",
     .parameters = {{"url", "URL to write."}},
     .examples = {
         {R"(url_normalize("HTTPS://Shop.Example:443/a/../b%2dc?q=%7e#top"))", R"("https://shop.example/b-c?q=~")"},
         {R"(url_normalize("http://shop.example"))", R"("http://shop.example/")"},
         {R"(url_normalize(""))", R"("")"}}})

// ---- hosts and mail ------------------------------------------------------------------------------------------------

namespace {

/// Labels of letters, digits and hyphens, 1 to 63 long, 253 in all; characters beyond ASCII are taken as letters.
bool is_host_name(Text host) {
  if (host.empty() || host.size() > 253) return false;
  while (true) {
    const size_t end = host.find('.');
    const Text label = host.substr(0, end);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (const char c : label)
      if (!url::is_letter(c) && !url::is_digit(c) && c != '-' && static_cast<uint8_t>(c) < 0x80) return false;
    if (end == Text::npos) return true;
    host.remove_prefix(end + 1);
  }
}

struct Mail {
  Text user, host;
};
std::optional<Mail> cut_mail(Text text) {
  const size_t at = text.rfind('@');
  if (at == Text::npos || at == 0 || at > 64) return std::nullopt;
  const Mail mail{text.substr(0, at), text.substr(at + 1)};
  if (!is_host_name(mail.host) || mail.host.find('.') == Text::npos) return std::nullopt;
  char before = '.';
  for (const char c : mail.user) {
    const bool plain = url::is_letter(c) || url::is_digit(c) || static_cast<uint8_t>(c) >= 0x80 ||
                       Text("!#$%&'*+-/=?^_`{|}~.").find(c) != Text::npos;
    if (!plain || (c == '.' && before == '.')) return std::nullopt;
    before = c;
  }
  return before == '.' ? std::nullopt : std::optional<Mail>(mail);
}

}  // namespace

static bool is_domain(Text text) {
  return is_host_name(text);
}
BRAID_FUNCTION(addresses, is_domain,
               {.summary = "Whether a text has the form of a host's name: labels of letters, digits and hyphens.",
                .parameters = {{"text", "Text to look at."}},
                .examples = {{R"(is_domain("shop.example"))", "true"},
                             {R"(is_domain("-a.example"))", "false"},
                             {R"(is_domain(""))", "false"}}})

static std::optional<Text> top_level_domain(CallContext& context, Text host) {
  if (!is_host_name(host)) return std::nullopt;
  const Text label = host.substr(host.rfind('.') + 1);
  if (host.find('.') == Text::npos || url::is_digit(label.back())) return std::nullopt;
  return url::in_lower_case(context, label);
}
BRAID_FUNCTION(addresses, top_level_domain,
               {.summary = "The last label of a host's name in lower case, null if the text has no such form.",
                .parameters = {{"host", "Name of a host; what a registry sells below it is not known here."}},
                .examples = {{R"(top_level_domain("www.shop.Example"))", R"("example")"},
                             {R"(top_level_domain("192.0.2.1"))", "null"}}})

static bool is_email(Text text) {
  return cut_mail(text).has_value();
}
BRAID_FUNCTION(
    addresses, is_email,
    {.summary = "Whether a text has the form of an e-mail address, without quotes; whether anyone reads it is "
                "not known here.",
     .parameters = {{"text", "Text to look at."}},
     .examples = {{R"(is_email("ann.lee+news@shop.example"))", "true"},
                  {R"(is_email("ann@localhost"))", "false"},
                  {R"(is_email("a..b@shop.example"))", "false"}}})

static std::optional<Text> email_domain(CallContext& context, Text text) {
  const std::optional<Mail> mail = cut_mail(text);
  if (!mail) return std::nullopt;
  return url::in_lower_case(context, mail->host);
}
BRAID_FUNCTION(addresses, email_domain,
               {.summary = "The part of an e-mail address behind the `@`, in lower case; null if the text is none.",
                .parameters = {{"text", "E-mail address."}},
                .examples = {{R"(email_domain("Ann@Shop.Example"))", R"("shop.example")"},
                             {R"(email_domain("ann"))", "null"}}})

static std::optional<Text> email_user(Text text) {
  const std::optional<Mail> mail = cut_mail(text);
  if (!mail) return std::nullopt;
  return mail->user;
}
BRAID_FUNCTION(addresses, email_user,
               {.summary = "The part of an e-mail address before the `@`, as it stands; null if the text is none.",
                .parameters = {{"text", "E-mail address."}},
                .examples = {{R"(email_user("Ann@Shop.Example"))", R"("Ann")"},
                             {R"(email_user("@a.example"))", "null"}}})

BRAID_GROUP(addresses)

}  // namespace braid
