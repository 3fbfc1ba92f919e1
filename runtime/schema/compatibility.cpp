#include "runtime/schema/compatibility.h"

#include <fmt/format.h>

#include "runtime/base/check.h"

namespace braid::schema {
namespace {

constexpr std::string_view kWords[] = {"none", "backward",       "backward_transitive", "forward", "forward_transitive",
                                       "full", "full_transitive"};

}  // namespace

std::string_view word_of(Compatibility level) {
  return kWords[static_cast<size_t>(level)];
}

std::optional<Compatibility> compatibility_of(std::string_view word) {
  for (size_t i = 0; i < std::size(kWords); ++i)
    if (kWords[i] == word) return static_cast<Compatibility>(i);
  return std::nullopt;
}

std::vector<std::string> compatibility_words() {
  return {std::begin(kWords), std::end(kWords)};
}

std::string registry_word_of(Compatibility level) {
  std::string word(word_of(level));
  for (char& c : word)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return word;
}

bool reads_old_rows(Compatibility level) {
  return level == Compatibility::backward || level == Compatibility::backward_transitive ||
         level == Compatibility::full || level == Compatibility::full_transitive;
}

bool lets_old_read(Compatibility level) {
  return level == Compatibility::forward || level == Compatibility::forward_transitive ||
         level == Compatibility::full || level == Compatibility::full_transitive;
}

bool looks_at_all_earlier(Compatibility level) {
  return level == Compatibility::backward_transitive || level == Compatibility::forward_transitive ||
         level == Compatibility::full_transitive;
}

std::string to_text(const BrokenReader& broken) {
  const Break& what = broken.what;
  const bool now = broken.reader == Reader::with_new;
  const std::string field = what.field.empty() ? "the row" : "`" + what.field + "`";
  const std::string who = now ? "new readers of old rows: " : "old readers of new rows: ";
  switch (what.kind) {
    case BreakKind::missing:
      return who + field + (now ? " is new, and old rows do not have it" : " is gone, and old readers need it");
    case BreakKind::optional:
      return who + field +
             (now ? " was optional, and old rows may have no value" : " became optional, and old readers need a value");
    case BreakKind::type:
      return fmt::format("{}{} was `{}` and is `{}`, and {} does not take {}", who, field,
                         now ? what.of_writer : what.of_reader, now ? what.of_reader : what.of_writer,
                         now ? "the new type" : "the old type", now ? "all old values" : "all new values");
    case BreakKind::symbol:
      return fmt::format("{}{} {} `{}`", who, field, now ? "no longer has the symbol" : "has the new symbol",
                         what.of_writer);
    case BreakKind::extra:
      return who + field +
             (now ? " is gone, and the new schema takes no other fields"
                  : " is new, and the old schema takes no other fields");
    case BreakKind::name:
      return fmt::format("{}the type of {} is called `{}`, and rows have `{}`", who, field, what.of_reader,
                         what.of_writer);
  }
  BRAID_UNREACHABLE("kind of break");
}

std::string way_out(const BrokenReader& broken) {
  const bool now = broken.reader == Reader::with_new;
  switch (broken.what.kind) {
    case BreakKind::missing:
      return now ? "make it optional" : "keep it in the result";
    case BreakKind::optional:
      return now ? "keep it optional" : "give it a value where it has none: `x ?? y`";
    case BreakKind::type:
      return "keep the type, and add a field with the new one under another name";
    case BreakKind::symbol:
      return now ? "keep the symbol" : "";
    case BreakKind::extra:
    case BreakKind::name:
      return "";
  }
  BRAID_UNREACHABLE("kind of break");
}

Result<std::vector<BrokenReader>> broken_readers(Compatibility level, std::string_view now,
                                                 const std::vector<std::string>& earlier, FindBreaks find_breaks) {
  std::vector<BrokenReader> found;
  for (size_t i = earlier.size(); i-- > 0;) {
    if (reads_old_rows(level)) {
      BRAID_ASSIGN(auto breaks, find_breaks(now, earlier[i]));
      for (Break& each : breaks) found.push_back({Reader::with_new, i, std::move(each)});
    }
    if (lets_old_read(level)) {
      BRAID_ASSIGN(auto breaks, find_breaks(earlier[i], now));
      for (Break& each : breaks) found.push_back({Reader::with_old, i, std::move(each)});
    }
    if (!looks_at_all_earlier(level)) break;
  }
  return found;
}

}  // namespace braid::schema
