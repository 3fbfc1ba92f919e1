// What other languages write in clauses and in tests: `check … else drop`, `key (a, b)`, an owner without quotes, rows
// without their list.
#include "compiler/parse/habit_reader.h"

namespace braid::grammar {

/// `contract { not null note }`.
bool HabitReader::promised_not_null() {
  if (!comes({"not", "null"}) || at(2).kind != TokenKind::word || !in_braces_of("contract")) return false;
  if (out_.back().is_word("is")) return false;  // `check c: x is not null else reject`
  const size_t end = behind_operand(2);
  const Span whole = span_of(0, end - 1);
  const std::string field = source(span_of(2, end - 1)), name = at(end - 1).text + "_given";
  const std::string wanted = "check " + name + ": " + field + " is not null else reject";
  spelled(whole, source(whole), wanted, whole)
      .note("a field whose type has no `?` always has a value, and needs no promise")
      .fix(Applicability::certain, "make it a check", {{whole, wanted}});
  push(make_word("check", whole));
  push(make_word(name, whole));
  push(make_sign(Sign::colon, whole));
  leave(2);
  take(end - 2);
  for (const char* word : {"is", "not", "null", "else", "reject"}) push(make_word(word, whole));
  return true;
}

/// `check … else drop`, `else warn`, `else fail`.
bool HabitReader::check_action() {
  if (!out_.back().is_word("else") || open_.size() != 1 || !in_header_ || at().kind != TokenKind::word ||
      step_word() != "check")
    return false;
  struct Action {
    std::string_view other, ours;
  };
  static constexpr Action kActions[] = {
      {"drop", "reject"},   {"discard", "reject"},    {"skip", "reject"}, {"ignore", "reject"}, {"filter", "reject"},
      {"delete", "reject"}, {"quarantine", "reject"}, {"dlq", "reject"},  {"warn", "alert"},    {"warning", "alert"},
      {"log", "alert"},     {"notify", "alert"},      {"fail", "stop"},   {"abort", "stop"},    {"raise", "stop"},
      {"error", "stop"},    {"throw", "stop"}};
  for (const Action& known : kActions) {
    if (!word(0, known.other)) continue;
    const Span place = at().span;
    const std::string wanted(known.ours);
    spelled(place, "else " + source(place), "else " + wanted, place)
        .note(
            "`reject` sends the row to the product's `rejected` port, `alert` lets it through and notes it, `stop` "
            "ends the job")
        .fix(Applicability::likely, "use `" + wanted + "`", {{place, wanted}});
    leave(1);
    push(make_word(wanted, place));
    return true;
  }
  return false;
}

/// `key (id, region)`.
bool HabitReader::key_in_parentheses() {
  if (at().starts_line && open_.empty() && in_header_ && comes({"primary", "key"})) {
    const Span place = at().span;
    spelled(span_of(0, 1), "primary key", "key", place)
        .fix(Applicability::certain, "leave out `primary`", {{{place.file, place.begin, at(1).span.begin}, ""}});
    leave(1);
    in_[next_].starts_line = true;
    take(1);
    return true;
  }
  if (!out_.back().is_word("key") || !out_.back().starts_line || !sign(0, Sign::paren_open) || !open_.empty())
    return false;
  const auto close = closing(0);
  if (!close || *close == 1) return false;
  const Span whole = span_of(0, *close), first = at().span, last = at(*close).span;
  spelled(whole, "key " + source(whole), "key " + source(span_of(1, *close - 1)), {})
      .fix(Applicability::certain, "leave out the parentheses", {{first, ""}, {last, ""}});
  leave(1);
  take(*close - 1);
  leave(1);
  return true;
}

/// `given order { id: 1 }` of a test.
bool HabitReader::rows_without_list() {
  if (item_ != "test" || open_.size() != 1 || !sign(0, Sign::brace_open) || at().starts_line ||
      out_.back().kind != TokenKind::word)
    return false;
  const std::string_view step = step_word();
  if (step != "given" && step != "expect" && step != "delete") return false;
  const auto close = closing(0);
  if (!close) return false;
  const Span first = at().span, last = at(*close).span;
  spelled(first, std::string(step) + " … { … }", std::string(step) + " … [{ … }]", {})
      .note("rows stand in a list, even one alone")
      .fix(Applicability::certain, "put it into a list", {{before(first), "["}, {behind(last), "]"}});
  const size_t base = next_;
  push(make_sign(Sign::bracket_open, before(first)));
  walk(base + *close + 1);
  push(make_sign(Sign::bracket_close, behind(last)));
  return true;
}

/// `owner shop@example.com` of a domain.
bool HabitReader::owner_without_quotes() {
  const bool leads = out_.back().is_word("owner") || out_.back().is_word("description");
  if (!leads || !open_.empty() || at().kind == TokenKind::text || at().starts_line || item_ != "domain") return false;
  const size_t end = behind_line();
  const Span whole = span_of(0, end - 1);
  const std::string wanted = "\"" + source(whole) + "\"";
  spelled(whole, source(whole), wanted, whole).fix(Applicability::certain, "write it in quotes", {{whole, wanted}});
  leave(end);
  push(make_text(source(whole), whole));
  return true;
}

}  // namespace braid::grammar
