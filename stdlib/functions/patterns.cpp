// Regular expressions by RE2: time grows with the text only, whatever the pattern. A pattern is a constant, checked
// when the script is compiled and compiled once per call site.
#include <re2/re2.h>

#include "stdlib/functions/made_text.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

static re2::StringPiece piece(Text text) {
  return {text.data(), text.size()};
}

static std::unique_ptr<RE2> compile(Text pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<RE2>(piece(pattern), options);
}

static std::string quoted(Text text) {
  return "`" + std::string(text) + "`";
}

static std::string pattern_problem(const RE2& pattern) {
  return pattern.ok() ? "" : quoted(pattern.pattern()) + " is not a regular expression: " + pattern.error();
}

/// Arguments: text, pattern.
static std::string check_pattern(const CallShape& call) {
  return pattern_problem(*compile(call.constants[1].text()));
}

inline constexpr int kMostGroups = 64;

/// Arguments: text, pattern, group.
static std::string check_group(const CallShape& call) {
  const std::unique_ptr<RE2> pattern = compile(call.constants[1].text());
  if (!pattern->ok()) return pattern_problem(*pattern);
  const int64_t group = call.constants[2].integer();
  if (group >= kMostGroups) return "a group above " + std::to_string(kMostGroups - 1) + " cannot be extracted";
  if (group >= 0 && group <= pattern->NumberOfCapturingGroups()) return "";
  return quoted(pattern->pattern()) + " has no group " + std::to_string(group) + "; group 0 is all that matched";
}

/// Arguments: text, pattern, replacement.
static std::string check_replacement(const CallShape& call) {
  const std::unique_ptr<RE2> pattern = compile(call.constants[1].text());
  if (!pattern->ok()) return pattern_problem(*pattern);
  const std::string& with = call.constants[2].text();
  std::string reason;
  return pattern->CheckRewriteString(piece(with), &reason) ? "" : quoted(with) + ": " + reason;
}

static bool matches(CallSite<RE2> site, Text text, Text pattern) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  return compiled.Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}
BRAID_FUNCTION(
    patterns, matches,
    {.summary = "Whether a regular expression matches somewhere in the text; `^` and `$` bind it to the ends.",
     .parameters = {{"text", "Text to search."},
                    {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true}},
     .problem = check_pattern,
     .examples = {{R"x("AB-123".matches(r"^[A-Z]+-\d+$"))x", "true"}, {R"x(matches("", "."))x", "false"}}})

static std::optional<Text> extract(CallSite<RE2> site, Text text, Text pattern, int64_t group) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  re2::StringPiece groups[kMostGroups];
  if (group < 0 || group >= kMostGroups) return std::nullopt;
  if (!compiled.Match(piece(text), 0, text.size(), RE2::UNANCHORED, groups, static_cast<int>(group) + 1))
    return std::nullopt;
  const re2::StringPiece& found = groups[group];
  if (found.data() == nullptr) return std::nullopt;
  return Text(found.data(), found.size());
}
BRAID_FUNCTION(patterns, extract,
               {.summary = "What a group of a regular expression matched first, null if nothing did.",
                .parameters = {{"text", "Text to search."},
                               {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true},
                               {"group", "Number of the group in parentheses, a constant; 0 for the whole match.", "1",
                                true}},
                .problem = check_group,
                .examples = {{R"x("order=17;x".extract(r"order=(\d+)"))x", R"x("17")x"},
                             {R"x("a-b".extract(r"\w-\w", group: 0))x", R"x("a-b")x"},
                             {R"x("none".extract(r"order=(\d+)"))x", "null"}}})

static ListOf<Text> extract_all(CallContext& context, CallSite<RE2> site, Text text, Text pattern, int64_t group) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  if (group < 0 || group >= kMostGroups) return {nullptr, 0};
  uint64_t room = 8, count = 0;
  Slot* items = allocate_slots(context, room);
  re2::StringPiece groups[kMostGroups];
  for (size_t from = 0; from <= text.size();) {
    if (!compiled.Match(piece(text), from, text.size(), RE2::UNANCHORED, groups, static_cast<int>(group) + 1)) break;
    const size_t end = static_cast<size_t>(groups[0].data() - text.data()) + groups[0].size();
    from = groups[0].empty() ? end + 1 : end;  // an empty match must not be found for ever
    if (groups[group].data() == nullptr) continue;
    if (count == room) {
      Slot* const larger = allocate_slots(context, room * 2);
      std::memcpy(larger, items, room * sizeof(Slot));
      items = larger;
      room *= 2;
    }
    items[count++] = slot_bytes(Text(groups[group].data(), groups[group].size()));
  }
  return {items, count};
}
BRAID_FUNCTION(patterns, extract_all,
               {.summary = "What a group of a regular expression matched, for each match.",
                .parameters = {{"text", "Text to search."},
                               {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true},
                               {"group", "Number of the group in parentheses, a constant; 0 for the whole match.", "1",
                                true}},
                .problem = check_group,
                .examples = {{R"x("#red and #blue".extract_all(r"#(\w+)"))x", R"x(["red", "blue"])x"},
                             {R"x("none".extract_all(r"#(\w+)").length())x", "0"}}})

static Fallible<Text> replace_pattern(CallContext& context, CallSite<RE2> site, Text text, Text pattern, Text with) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  std::string changed(text);
  if (RE2::GlobalReplace(&changed, compiled, piece(with)) == 0) return text;
  if (changed.size() > kLongestText) return too_long();
  char* const made = allocate(context, changed.size());
  std::memcpy(made, changed.data(), changed.size());
  return Text(made, changed.size());
}
BRAID_FUNCTION(
    patterns, replace_pattern,
    {.name = "replace_regex",
     .summary = "Text in which every match of a regular expression is replaced. Fails if the result is longer "
                "than 16 MiB.",
     .parameters = {{"text", "Text to change."},
                    {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true},
                    {"with", "What to put there, a constant; `\\1` stands for the first group, `\\0` for the match.",
                     std::nullopt, true}},
     .problem = check_replacement,
     .examples = {{R"x("tel. 030 / 12 34".replace_regex(r"\D", ""))x", R"x("0301234")x"},
                  {R"x("Doe, Ann".replace_regex(r"(\w+), (\w+)", r"\2 \1"))x", R"x("Ann Doe")x"},
                  {R"x(replace_regex("abc", r"\d", "-"))x", R"x("abc")x"}}})

// ---- groups by name, all groups ------------------------------------------------------------------------------------

/// The number of a named group; -1 if there is none.
static int group_of(const RE2& pattern, const std::string& name) {
  const auto& names = pattern.NamedCapturingGroups();
  const auto found = names.find(name);
  return found == names.end() ? -1 : found->second;
}

static std::optional<Text> extract_named(CallSite<RE2> site, Text text, Text pattern, Text name) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  const int group = group_of(compiled, std::string(name));
  re2::StringPiece groups[kMostGroups];
  if (group < 0 || group >= kMostGroups) return std::nullopt;
  if (!compiled.Match(piece(text), 0, text.size(), RE2::UNANCHORED, groups, group + 1)) return std::nullopt;
  if (groups[group].data() == nullptr) return std::nullopt;
  return Text(groups[group].data(), groups[group].size());
}
BRAID_FUNCTION(patterns, extract_named,
               {.name = "extract",
                .summary = "What a named group of a regular expression matched first, null if nothing did.",
                .parameters = {{"text", "Text to search."},
                               {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true},
                               {"group", "Name of the group `(?P<name>…)`, a constant.", std::nullopt, true}},
                .problem = [](const CallShape& call) -> std::string {
                  const std::unique_ptr<RE2> compiled = compile(call.constants[1].text());
                  if (!compiled->ok()) return pattern_problem(*compiled);
                  const std::string& name = call.constants[2].text();
                  const int group = group_of(*compiled, name);
                  if (group < 0) return quoted(compiled->pattern()) + " has no group `" + name + "`";
                  return group < kMostGroups
                             ? ""
                             : "a group above " + std::to_string(kMostGroups - 1) + " cannot be extracted";
                },
                .examples = {{R"x("k=v".extract(r"(?P<key>\w)=(?P<value>\w)", "value"))x", R"x("v")x"},
                             {R"x(extract("none", r"(?P<n>\d+)", "n"))x", "null"}}})

static ListOf<std::optional<Text>> extract_groups(CallContext& context, CallSite<RE2> site, Text text, Text pattern) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  const int count = compiled.NumberOfCapturingGroups();
  re2::StringPiece groups[kMostGroups];
  if (count >= kMostGroups || !compiled.Match(piece(text), 0, text.size(), RE2::UNANCHORED, groups, count + 1))
    return {nullptr, 0};
  Slot* const items = allocate_slots(context, static_cast<uint64_t>(count) * 2);
  for (int i = 0; i < count; ++i) {
    const re2::StringPiece& found = groups[i + 1];
    const bool matched = found.data() != nullptr;
    native::Form<std::optional<Text>>::write(
        items + 2 * i, matched ? std::optional<Text>(Text(found.data(), found.size())) : std::nullopt, {});
  }
  return {items, static_cast<uint64_t>(count)};
}
BRAID_FUNCTION(
    patterns, extract_groups,
    {.summary = "What each group of a regular expression matched first: null for a group that did not, and no "
                "elements if nothing matched.",
     .parameters = {{"text", "Text to search."},
                    {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true}},
     .problem = [](const CallShape& call) -> std::string {
       const std::string wrong = check_pattern(call);
       if (!wrong.empty()) return wrong;
       return compile(call.constants[1].text())->NumberOfCapturingGroups() < kMostGroups
                  ? ""
                  : "a group above " + std::to_string(kMostGroups - 1) + " cannot be extracted";
     },
     .examples = {{R"x("2026-03".extract_groups(r"(\d+)-(\d+)(-\d+)?"))x", R"x(["2026", "03", null])x"},
                  {R"x(extract_groups("none", r"(\d)").length())x", "0"}}})

// ---- all matches ---------------------------------------------------------------------------------------------------

/// Calls `visit` with each match, from the left and without overlaps, until it says false; an empty match goes on
/// behind the next character.
template <class Visit>
static void each_match(const RE2& compiled, Text text, Visit visit) {
  re2::StringPiece found;
  for (size_t from = 0; from <= text.size();) {
    if (!compiled.Match(piece(text), from, text.size(), RE2::UNANCHORED, &found, 1)) return;
    const auto begin = static_cast<size_t>(found.data() - text.data());
    if (!visit(begin, found.size())) return;
    from = begin + found.size();
    if (found.empty()) from += from < text.size() ? utf8::front_size(text.substr(from)) : 1;
  }
}

static int64_t count_matches(CallSite<RE2> site, Text text, Text pattern) {
  int64_t count = 0;
  each_match(site.get([&] { return compile(pattern); }), text, [&](size_t, size_t) {
    ++count;
    return true;
  });
  return count;
}
BRAID_FUNCTION(patterns, count_matches,
               {.summary = "How often a regular expression matches in a text, without overlaps.",
                .parameters = {{"text", "Text to search."},
                               {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true}},
                .problem = check_pattern,
                .examples = {{R"x("a1b22".count_matches(r"\d+"))x", "2"}, {R"x(count_matches("", r"\d"))x", "0"}}})

static std::optional<int64_t> index_of_regex(CallSite<RE2> site, Text text, Text pattern) {
  std::optional<int64_t> place;
  each_match(site.get([&] { return compile(pattern); }), text, [&](size_t begin, size_t) {
    place = static_cast<int64_t>(utf8::length(text.substr(0, begin)));
    return false;
  });
  return place;
}
BRAID_FUNCTION(patterns, index_of_regex,
               {.summary = "Position of the first match of a regular expression, null if there is none.",
                .parameters = {{"text", "Text to search."},
                               {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true}},
                .problem = check_pattern,
                .examples = {{R"x("né7".index_of_regex(r"\d"))x", "2"}, {R"x(index_of_regex("ab", r"\d"))x", "null"}}})

static Fallible<ListOf<Text>> split_regex(CallContext& context, CallSite<RE2> site, Text text, Text pattern) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  // Empty matches separate nothing.
  uint64_t count = 1;
  each_match(compiled, text, [&](size_t, size_t size) {
    count += size > 0;
    return true;
  });
  if (count > kLongestText / sizeof(Slot)) return too_long();
  Slot* const items = allocate_slots(context, count);
  Slot* next = items;
  size_t from = 0;
  each_match(compiled, text, [&](size_t begin, size_t size) {
    if (size == 0) return true;
    *next++ = slot_bytes(text.substr(from, begin - from));
    from = begin + size;
    return true;
  });
  *next = slot_bytes(text.substr(from));
  return ListOf<Text>{items, count};
}
BRAID_FUNCTION(
    patterns, split_regex,
    {.summary = "The pieces between the matches of a regular expression; empty matches separate nothing. Fails if "
                "the list takes more than 16 MiB.",
     .parameters = {{"text", "Text to split."},
                    {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true}},
     .problem = check_pattern,
     .examples = {{R"x("a, b;c".split_regex(r"[,;]\s*"))x", R"x(["a", "b", "c"])x"},
                  {R"x("".split_regex(","))x", R"x([""])x"}}})

static Fallible<Text> replace_first_regex(CallContext& context, CallSite<RE2> site, Text text, Text pattern,
                                          Text with) {
  const RE2& compiled = site.get([&] { return compile(pattern); });
  std::string changed(text);
  if (!RE2::Replace(&changed, compiled, piece(with))) return text;
  if (changed.size() > kLongestText) return too_long();
  char* const made = allocate(context, changed.size());
  std::memcpy(made, changed.data(), changed.size());
  return Text(made, changed.size());
}
BRAID_FUNCTION(
    patterns, replace_first_regex,
    {.summary =
         "Text in which the first match of a regular expression is replaced. Fails if the result is longer than 16 "
         "MiB.",
     .parameters = {{"text", "Text to change."},
                    {"pattern", "Regular expression of RE2, a constant.", std::nullopt, true},
                    {"with", "What to put there, a constant; `\\1` stands for the first group, `\\0` for the match.",
                     std::nullopt, true}},
     .problem = check_replacement,
     .examples = {{R"x("a1b2".replace_first_regex(r"\d", "-"))x", R"x("a-b2")x"},
                  {R"x(replace_first_regex("abc", r"\d", "-"))x", R"x("abc")x"}}})

// ---- other patterns ------------------------------------------------------------------------------------------------

/// A pattern of SQL as a regular expression.
static std::string like_to_regex(Text pattern) {
  std::string made = "(?s)^";
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '%')
      made += ".*";
    else if (c == '_')
      made += '.';
    else
      made += RE2::QuoteMeta(piece(pattern.substr(c == '\\' && i + 1 < pattern.size() ? ++i : i, 1)));
  }
  return made + "$";
}

static bool like(CallSite<RE2> site, Text text, Text pattern) {
  const RE2& compiled = site.get([&] { return compile(like_to_regex(pattern)); });
  return compiled.Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}
BRAID_FUNCTION(
    patterns, like,
    {.summary = "Whether all of a text fits a pattern of SQL: `%` is any text, `_` any character, `\\` takes the "
                "next one as it is.",
     .parameters = {{"text", "Text to look at."}, {"pattern", "Pattern, a constant.", std::nullopt, true}},
     .problem =
         [](const CallShape& call) {
           const std::unique_ptr<RE2> compiled = compile(like_to_regex(call.constants[1].text()));
           return compiled->ok() ? "" : pattern_problem(*compiled);
         },
     .examples = {{R"x("AB-12".like("AB-%"))x", "true"},
                  {R"x("AB-12".like("_-12"))x", "false"},
                  {R"x(like("", "%"))x", "true"}}})

static Fallible<Text> escape_regex(CallContext& context, Text text) {
  const std::string made = RE2::QuoteMeta(piece(text));
  if (made.size() > kLongestText) return too_long();
  return made_text(context, made);
}
BRAID_FUNCTION(
    patterns, escape_regex,
    {.summary = "Text as a part of a regular expression that matches it. Fails if the result is longer than 16 "
                "MiB.",
     .parameters = {{"text", "Text to match."}},
     .examples = {{R"x(escape_regex("a.b"))x", R"x("a\\.b")x"}, {R"x(escape_regex("ab"))x", R"x("ab")x"}}})

BRAID_GROUP(patterns)

}  // namespace braid
