#include "serve/odata/options.h"

#include <fmt/ranges.h>

#include <charconv>
#include <cstring>

#include "runtime/data/key_bytes.h"
#include "runtime/data/time_text.h"
#include "serve/http/query.h"

namespace braid::serve::odata {
namespace {

constexpr std::string_view kKnown[] = {"$filter", "$select", "$orderby",   "$top",  "$skip",    "$count",
                                       "$apply",  "$format", "$skiptoken", "as_of", "at_epoch", "min_epoch"};
constexpr std::string_view kOfOthers[] = {"$expand", "$search",     "$compute",       "$levels",
                                          "$index",  "$deltatoken", "$schemaversion", "$id"};

std::optional<uint64_t> whole_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// What a path of a context or of $select names: its first part.
template <class Each>
void for_items(std::string_view text, Each each) {
  while (true) {
    const size_t end = text.find(',');
    std::string_view item = text.substr(0, end);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    each(std::string(item));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Parsed<WrittenOptions> WrittenOptions::read(std::string_view query) {
  WrittenOptions made;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const auto decoded = query_parts(part);
    if (!decoded || decoded->size() != 1)
      return wrong("in a query `%` stands in front of two hexadecimal digits of UTF-8");
    const auto& [name, value] = decoded->front();
    if (name.starts_with('@')) {
      if (!made.aliases_.emplace(name.substr(1), value).second) return wrong(fmt::format("`{}` is there twice", name));
    } else {
      for (const std::string_view other : kOfOthers)
        if (name == other) return not_implemented(fmt::format("`{}` is not supported", name));
      bool known = false;
      for (const std::string_view each : kKnown) known = known || name == each;
      if (!known)
        return wrong(fmt::format("there is no query option `{}`; there are {}", name, fmt::join(kKnown, ", ")));
      if (!made.options_.emplace(name, value).second) return wrong(fmt::format("`{}` is there twice", name));
    }
    if (name != "$skiptoken") made.without_token_.append(made.without_token_.empty() ? "" : "&").append(part);
  }
  return made;
}

const std::string* WrittenOptions::find(const std::string& name) const {
  const auto found = options_.find(name);
  return found == options_.end() ? nullptr : &found->second;
}

Result<void, Wrong> WrittenOptions::only(std::initializer_list<std::string_view> names) const {
  for (const auto& [name, value] : options_)
    if (std::find(names.begin(), names.end(), name) == names.end())
      return wrong(fmt::format("`{}` cannot be asked of this", name));
  return {};
}

std::string PageToken::text() const {
  const uint64_t head[4] = {epoch, digest, top, skip};
  std::string bytes(sizeof(head), '\0');
  std::memcpy(bytes.data(), head, sizeof(head));
  return base64_url(bytes.append(behind));
}

std::optional<PageToken> PageToken::read(std::string_view text) {
  const std::optional<std::string> bytes = base64_url_decoded(text);
  uint64_t head[4];
  if (!bytes || bytes->size() < sizeof(head)) return std::nullopt;
  std::memcpy(head, bytes->data(), sizeof(head));
  return PageToken{
      .epoch = head[0], .digest = head[1], .top = head[2], .skip = head[3], .behind = bytes->substr(sizeof(head))};
}

Parsed<AskedTime> read_time(const WrittenOptions& options) {
  AskedTime made;
  if (const std::string* as_of = options.find("as_of")) {
    int64_t time = 0;
    if (!parse_timestamp(*as_of, &time)) return wrong("`as_of` is an instant, like 2026-01-31T12:00:00Z");
    made.as_of.time = time;
  }
  if (const std::string* at_epoch = options.find("at_epoch")) {
    made.as_of.epoch = whole_number(*at_epoch);
    if (!made.as_of.epoch) return wrong("`at_epoch` is the number of an epoch");
  }
  if (const std::string* min_epoch = options.find("min_epoch")) {
    made.min_epoch = whole_number(*min_epoch);
    if (!made.min_epoch) return wrong("`min_epoch` is the number of an epoch");
  }
  if (made.as_of.time && made.as_of.epoch) return wrong("`as_of` and `at_epoch` exclude each other");
  return made;
}

const Stage* Asked::last_grouping() const {
  const Stage* found = nullptr;
  for (const Stage& each : apply)
    if (!each.filter) found = &each;
  return found;
}

Result<void, Wrong> read_select(const std::string& written, const Shape& shape, Asked& asked) {
  std::optional<Wrong> failed;
  bool all = false;
  for_items(written, [&](const std::string& item) {
    if (failed || std::exchange(all, all || item == "*")) return;
    if (item == "*") return;
    const Property* property = shape.find(item);
    if (property == nullptr) {
      const std::string first = item.substr(0, item.find('/'));
      failed = item != first && shape.find(first) != nullptr
                   ? not_implemented(fmt::format("parts of a property cannot be selected; select `{}`", first))
                   : wrong(fmt::format("there is no property `{}`; there are {}", item, shape.names()));
      return;
    }
    const auto place = static_cast<size_t>(property - shape.properties.data());
    if (std::find(asked.select.begin(), asked.select.end(), place) == asked.select.end()) asked.select.push_back(place);
  });
  if (failed) return *failed;
  if (all) asked.select.clear();
  for (const size_t place : asked.select)
    asked.select_text += (asked.select_text.empty() ? "" : ",") + shape.properties[place].name;
  return {};
}

Parsed<Asked> read_asked(const WrittenOptions& options, const EntitySet& set) {
  Asked made;
  BRAID_ASSIGN(made.time, read_time(options));
  if (const std::string* apply = options.find("$apply")) {
    BRAID_ASSIGN(made.apply, read_apply(*apply, set.shape, options.aliases()));
  }
  const Stage* grouping = made.last_grouping();
  const Shape& shape = grouping == nullptr ? set.shape : grouping->gives;
  if (const std::string* filter = options.find("$filter")) {
    BRAID_ASSIGN(made.filter, read_condition(*filter, shape, options.aliases()));
  }
  if (const std::string* order = options.find("$orderby")) {
    BRAID_ASSIGN(std::vector<Token> tokens, read_tokens(*order));
    Cursor cursor(std::move(tokens));
    do {
      if (made.order.size() == 16) return wrong("`$orderby` has at most 16 parts");
      Parser parser(cursor, shape, options.aliases());
      Order each;
      BRAID_ASSIGN(each.by, parser.expression());
      if (each.by->kind == Kind::structure || each.by->kind == Kind::list)
        return wrong(fmt::format("rows are not sorted by {}", edm_name(each.by->kind)));
      each.descending = cursor.take("desc");
      if (!each.descending) (void)cursor.take("asc");
      made.order.push_back(std::move(each));
    } while (cursor.take(','));
    if (!cursor.at_end()) return cursor.expected("`asc`, `desc` or `,`");
  }
  if (const std::string* select = options.find("$select")) BRAID_TRY(read_select(*select, shape, made));
  for (const auto& [name, value] : {std::pair("$top", true), std::pair("$skip", false)}) {
    const std::string* written = options.find(name);
    if (written == nullptr) continue;
    const std::optional<uint64_t> number = whole_number(*written);
    if (!number) return wrong(fmt::format("`{}` is a number, 0 or more", name));
    if (value)
      made.top = number;
    else
      made.skip = *number;
  }
  if (const std::string* count = options.find("$count")) {
    if (*count != "true" && *count != "false") return wrong("`$count` is true or false");
    made.count = *count == "true";
  }
  if (const std::string* token = options.find("$skiptoken")) {
    made.token = PageToken::read(*token);
    const uint64_t digest = key_hash(fmt::format("{}?{}", set.name, options.without_token()));
    if (!made.token) return wrong("`$skiptoken` is that of an `@odata.nextLink`");
    if (made.token->digest != digest) return wrong("`$skiptoken` belongs to another query");
  }
  return made;
}

}  // namespace braid::serve::odata
