// What other languages write around `group` and its aggregates: keys behind the braces, `group per k`, `sum(x) where
// c`, `dedupe`; and of items that hold no rows: `enum state { … }`, `struct address { … }`.
#include <algorithm>
#include <array>

#include "compiler/parse/habit_reader.h"

namespace braid::grammar {
namespace {

constexpr std::array kDedupes = {"dedupe", "dedup", "deduplicate", "drop_duplicates"};

}  // namespace

bool HabitReader::words_of_groups() {
  return keys_behind_braces() || group_per() || aggregate_where() || dedupe();
}

/// `group { n: count() } by k`, `running { n: count() } per k over 7d`.
bool HabitReader::keys_behind_braces() {
  const bool group = word(0, "group");
  if ((!group && !word(0, "running")) || !at().starts_line || open_.size() != 1 || !sign(1, Sign::brace_open))
    return false;
  const auto close = closing(1);
  if (!close) return false;
  const size_t first = *close + 1;
  const bool by = word(first, "by") || word(first, "per");
  if (at(first).starts_line || (!by && (group || !word(first, "over")))) return false;
  const auto ends = [&](size_t k) {
    return at(k).starts_line || closes(at(k)) || at(k).kind == TokenKind::end || word(k, "as") || word(k, "emit") ||
           word(k, "retain");
  };
  size_t end = first + 1;
  while (!ends(end)) ++end;
  if (end == first + 1) return false;
  const std::string step = at().text;
  std::vector<Token> keys;
  if (!group && by) keys.push_back(make_word("per", at(first).span));
  if (!by) keys.push_back(at(first));
  for (size_t k = first + 1; k < end; ++k) keys.push_back(at(k));
  std::string text = source(span_of(first + 1, end - 1));
  if (!group) text = (by ? "per " : "over ") + text;
  const Span written = span_of(first, end - 1);
  spelled(written, step + " { … } " + source(written), step + " " + text + " { … }", {})
      .fix(Applicability::certain, "write the keys in front of the braces",
           {{before(at(1).span), text + " "}, {cover(between(at(*close).span, written), written), ""}});
  const size_t base = next_;
  take(1);
  for (Token& key : keys) push(std::move(key));
  walk(base + first);
  leave(base + end - next_);
  return true;
}

/// `group per k { … }`.
bool HabitReader::group_per() {
  if (!word(0, "per") || !out_.back().is_word("group") || !out_.back().starts_line || at(1).kind != TokenKind::word)
    return false;
  const Span place = at().span;
  spelled(place, "group per " + source(at(1).span), "group " + source(at(1).span), place)
      .fix(Applicability::certain, "leave out `per`", {{{place.file, place.begin, at(1).span.begin}, ""}});
  leave(1);
  return true;
}

/// `sum(x) where c`, as an entry of a `group` or of `running`.
bool HabitReader::aggregate_where() {
  if (!word(0, "where") || at().starts_line || !out_.back().is(Sign::paren_close)) return false;
  if (!in_braces_of("group") && !in_braces_of("running")) return false;
  size_t end = 1;
  for (int depth = 0; at(end).kind != TokenKind::end; ++end) {
    if (depth == 0 && (sign(end, Sign::comma) || at(end).starts_line || closes(at(end)))) break;
    if (opens(at(end))) ++depth;
    if (closes(at(end))) --depth;
  }
  if (end == 1) return false;
  const Token call = out_.back();
  const bool star = out_[out_.size() - 2].is(Sign::star);
  const bool empty = star || out_[out_.size() - 2].is(Sign::paren_open);
  const Span place = at().span;
  const Span from{call.span.file, star ? out_[out_.size() - 2].span.begin : call.span.begin, place.end};
  spelled(place, "f(x) where …", "f(x, where: …)", place)
      .note("`where` between the parentheses says which rows the aggregate takes")
      .fix(Applicability::certain, "make it an argument",
           {{from, empty ? "where:" : ", where:"}, {behind(at(end - 1).span), ")"}});
  out_.pop_back();
  if (star) out_.pop_back();
  open_.push_back(Sign::paren_open);
  if (!empty) push(make_sign(Sign::comma, place));
  push(make_word("where", place));
  push(make_sign(Sign::colon, place));
  const Span last = at(end - 1).span;
  const size_t base = next_;
  leave(1);
  walk(base + end);
  push(make_sign(Sign::paren_close, behind(last)));
  return true;
}

/// `dedupe by id within 1h`, `distinct on id within 1h`.
bool HabitReader::dedupe() {
  if (open_.size() != 1) return false;
  const bool distinct = word(0, "distinct");
  if (!at().starts_line || at().kind != TokenKind::word ||
      (!distinct && std::find(kDedupes.begin(), kDedupes.end(), at().text) == kDedupes.end()))
    return false;
  const bool by = word(1, "by") || word(1, "on") || word(1, "per");
  if ((by ? at(2) : at(1)).kind != TokenKind::word || (distinct && !by)) return false;
  const Span words = span_of(0, by ? 1 : 0);
  spelled(words, source(words), "distinct", words)
      .note("the first row of each key in a length of time goes on: `distinct id within 1h`")
      .fix(Applicability::certain, "use `distinct`", {{words, "distinct"}});
  Token leading = make_word("distinct", words);
  leading.starts_line = true;
  push(std::move(leading));
  leave(by ? 2 : 1);
  return true;
}

/// `enum state { open, paid }`, `struct address { city: string }`.
bool HabitReader::type_as_item() {
  const bool symbols = word(0, "enum");
  if ((!symbols && !word(0, "struct") && !word(0, "record")) || !at().starts_line || !open_.empty() ||
      at(1).kind != TokenKind::word || !sign(2, Sign::brace_open))
    return false;
  const Span whole = span_of(0, 1);
  const Token name = at(1);
  const std::string wanted = "type " + name.text + " =" + (symbols ? " enum" : "");
  spelled(whole, source(whole) + " { … }", wanted + " { … }", whole)
      .fix(Applicability::certain, "declare a type", {{whole, wanted}});
  Token leading = make_word("type", whole);
  leading.starts_line = true;
  push(std::move(leading));
  push(name);
  push(make_sign(Sign::bind, name.span));
  if (symbols) push(make_word("enum", at().span));
  leave(2);
  return true;
}

}  // namespace braid::grammar
