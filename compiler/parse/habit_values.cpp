// What other languages write inside of expressions, besides operators: `case { a: b }`, `if a: b else: c`, `x -> x.a`,
// `[x.a for x in xs]`, `try { … } catch { … }`, `“text”`, `{"a", "b"}` as a set, `f"{x:.2f}"`.
#include <algorithm>

#include "compiler/parse/habit_reader.h"

namespace braid::grammar {
namespace {

constexpr size_t kFarthest = 1000;

}  // namespace

bool HabitReader::value_form() {
  if (open_.empty() && !in_header_) return false;
  if (!out_.empty() && out_.back().is(Sign::dot) && odd_ends()) return true;
  return length_with_blank() || case_arms() || other_if() || comprehension() || try_block() || other_quotes() ||
         other_brackets();
}

bool HabitReader::infix_form() {
  if (comma_between() || format_of_value() || (!out_.empty() && odd_ends())) return true;
  if (at().starts_line || open_.empty()) return false;
  if (words_of_steps() || other_lambda()) return true;
  const Span place = at().span;
  // `(a > 1) & (b < 2)` of pandas.
  const bool both = at().kind == TokenKind::bad && source(place) == "&", one = sign(0, Sign::bar);
  if ((both || one) && out_.back().is(Sign::paren_close) && sign(1, Sign::paren_open)) {
    const std::string wanted = both ? "and" : "or";
    spelled(place, source(place), wanted, place).fix(Applicability::certain, "use `" + wanted + "`", {{place, wanted}});
    push(make_word(wanted, place));
    leave(1);
    return true;
  }
  // The dashes of word processors.
  if (at().kind == TokenKind::bad && (source(place) == "–" || source(place) == "—" || source(place) == "−")) {
    spelled(place, source(place), "-", place).fix(Applicability::certain, "use `-`", {{place, "-"}});
    push(make_sign(Sign::minus, place));
    leave(1);
    return true;
  }
  return false;
}

/// `case { a > 1: "x", else: "y" }` and `=>` for `->`: all arms are one finding.
bool HabitReader::case_arms() {
  if (!word(0, "case") || word(1, "when")) return false;
  const size_t open = sign(1, Sign::brace_open) ? 1 : behind_operand(1);
  if (!sign(open, Sign::brace_open)) return false;
  const auto close = closing(open);
  if (!close) return false;
  std::vector<Edit> edits;
  std::vector<size_t> places;
  int depth = 0;
  bool awaits = true;
  for (size_t k = open + 1; k < *close; ++k) {
    if (opens(at(k))) ++depth;
    if (closes(at(k))) --depth;
    if (depth > 0) continue;
    if (sign(k, Sign::comma)) awaits = true;
    if (sign(k, Sign::arrow)) awaits = false;
    if (!awaits || (!sign(k, Sign::colon) && !sign(k, Sign::lambda))) continue;
    awaits = false;
    places.push_back(k);
    const bool colon = sign(k, Sign::colon);
    edits.push_back(
        {colon ? Span{at(k).span.file, at(k - 1).span.end, at(k).span.end} : at(k).span, colon ? " ->" : "->"});
  }
  if (places.empty()) return false;
  const Span first = at(places.front()).span;
  spelled(first, source(first), "->", first).fix(Applicability::certain, "write `->` in each arm", edits);
  for (const size_t place : places) in_[next_ + place] = make_sign(Sign::arrow, at(place).span);
  take(1);
  return true;
}

/// `if a: b else: c` of Python and `if a { b } else { c }` of C.
bool HabitReader::other_if() {
  if (!word(0, "if")) return false;
  size_t then = 1;
  int depth = 0;
  for (; then < kFarthest && next_ + then < in_.size() - 2; ++then) {
    if (depth == 0 && then > 1 && (sign(then, Sign::colon) || sign(then, Sign::brace_open))) break;
    if (depth == 0 && (word(then, "then") || sign(then, Sign::comma) || starts_any(&at(then)))) return false;
    if (opens(at(then))) ++depth;
    if (closes(at(then)) && depth-- == 0) return false;
  }
  const bool braces = sign(then, Sign::brace_open);
  if (!braces && !sign(then, Sign::colon)) return false;
  size_t other = then + 1;
  if (braces) {
    const auto close = closing(then);
    if (!close) return false;
    other = *close + 1;
  } else {
    for (depth = 0; other < kFarthest && next_ + other < in_.size() - 2 && !(depth == 0 && word(other, "else"));
         ++other) {
      if (opens(at(other))) ++depth;
      if (closes(at(other)) && depth-- == 0) return false;
    }
  }
  if (!word(other, "else")) return false;
  const bool second = sign(other + 1, braces ? Sign::brace_open : Sign::colon);
  const auto last = braces && second ? closing(other + 1) : std::optional<size_t>(other + 1);
  if (!second || !last) return false;
  if (braces && (other == then + 2 || *last == other + 2)) return false;  // with nothing in them
  const Span place = at().span, mark = at(then).span;
  std::vector<Edit> edits;
  if (braces) {
    edits = {{mark, "then"},
             {between(at(other - 2).span, at(other).span), " "},
             {between(at(other).span, at(other + 2).span), " "},
             {{place.file, at(*last - 1).span.end, at(*last).span.end}, ""}};
  } else {
    edits = {{{place.file, at(then - 1).span.end, mark.end}, " then"},
             {between(at(other).span, at(other + 2).span), " "}};
  }
  spelled(place, braces ? "if … { … } else { … }" : "if …: … else: …", "if … then … else …", {})
      .fix(Applicability::certain, "use `then`", edits);
  const size_t base = next_;
  take(1);
  walk(base + then);
  push(make_word("then", mark));
  leave(1);
  walk(base + (braces ? other - 1 : other));
  if (braces) leave(1);
  take(1);
  leave(1);
  if (braces) {
    walk(base + *last);
    leave(1);
  }
  return true;
}

/// `[x.price for x in xs if c]` of Python.
bool HabitReader::comprehension() {
  // Also `sum(x.price for x in xs)`.
  const bool argument = sign(0, Sign::paren_open) && !out_.empty() && out_.back().kind == TokenKind::word &&
                        out_.back().span.end == at().span.begin && !is_reserved(out_.back().text);
  if (!sign(0, Sign::bracket_open) && !argument) return false;
  const auto close = closing(0);
  if (!close) return false;
  size_t loop = 0, condition = 0;
  int depth = 0;
  for (size_t k = 1; k < *close; ++k) {
    if (opens(at(k))) ++depth;
    if (closes(at(k))) --depth;
    if (depth > 0) continue;
    if (word(k, "for") && loop == 0) loop = k;
    if (word(k, "if") && loop > 0) condition = k;
  }
  if (loop < 2 || at(loop + 1).kind != TokenKind::word || !word(loop + 2, "in")) return false;
  const size_t list_end = condition > 0 ? condition : *close;
  if (list_end <= loop + 3 || (condition > 0 && condition + 1 >= *close)) return false;
  const Span whole = argument ? cover(out_.back().span, at(*close).span) : span_of(0, *close);
  const std::string name = at(loop + 1).text, value = source(span_of(1, loop - 1));
  std::string wanted = source(span_of(loop + 3, list_end - 1));
  if (condition > 0) wanted += ".filter(" + name + " => " + source(span_of(condition + 1, *close - 1)) + ")";
  if (value != name) wanted += ".map(" + name + " => " + value + ")";
  if (argument) {
    wanted += "." + out_.back().text + "()";
    out_.pop_back();
  }
  spelled(at(loop).span, "[… for " + name + " in …]", "….map(" + name + " => …)", whole)
      .fix(Applicability::likely, "use a lambda", {{whole, wanted}});
  leave(*close + 1);
  push(make_hole(whole));
  return true;
}

/// `try { int(t) } catch { 0 }`.
bool HabitReader::try_block() {
  if (!word(0, "try") || !sign(1, Sign::brace_open)) return false;
  const auto close = closing(1);
  if (!close || *close < 3) return false;
  size_t end = *close + 1;
  std::string fallback;
  if (word(end, "catch") || word(end, "except")) {
    const size_t open = sign(end + 1, Sign::paren_open) ? closing(end + 1).value_or(end) + 1 : end + 1;
    const auto last = sign(open, Sign::brace_open) ? closing(open) : std::nullopt;
    if (!last) return false;
    if (*last > open + 1) fallback = source(span_of(open + 1, *last - 1));
    end = *last + 1;
  }
  const Span whole = span_of(0, end - 1);
  const std::string value = "try " + source(span_of(2, *close - 1));
  spelled(at().span, "try { … }", "try …", whole)
      .note("`try` makes null of a failure, and `??` gives another value where there is null")
      .fix(Applicability::likely, "use `try` and `??`",
           {{whole, fallback.empty() ? value : value + " ?? " + fallback}});
  leave(end);
  push(make_hole(whole));
  return true;
}

/// The quotes of word processors: “text”, ‘text’.
bool HabitReader::other_quotes() {
  if (at().kind != TokenKind::bad) return false;
  const std::string first = source(at().span);
  if (first != "“" && first != "”" && first != "„" && first != "‘" && first != "’" && first != "«") return false;
  size_t last = 1;
  for (; next_ + last < in_.size() - 2 && !at(last).starts_line; ++last) {
    const std::string mark = at(last).kind == TokenKind::bad ? source(at(last).span) : "";
    if (mark == "”" || mark == "“" || mark == "’" || mark == "‘" || mark == "»") break;
  }
  if (at(last).starts_line || at(last).kind != TokenKind::bad) return false;
  const Span open = at().span, close = at(last).span, whole = cover(open, close);
  spelled(whole, source(whole), "\"" + source(between(open, close)) + "\"", whole)
      .fix(Applicability::certain, "use plain quotes", {{open, "\""}, {close, "\""}});
  leave(last + 1);
  push(make_hole(whole));
  return true;
}

/// `x in {"a", "b"}` and `tags: ("a", "b")`, which are lists; `{ *, a }`.
bool HabitReader::other_brackets() {
  if (out_.empty()) return false;
  const Span place = at().span;
  const bool begins_entry = out_.back().is(Sign::brace_open) || out_.back().is(Sign::comma);
  if (sign(0, Sign::star) && in_braces() && begins_entry && (sign(1, Sign::comma) || sign(1, Sign::brace_close))) {
    found_ = true;
    reporter_.report(diag::SelectStar{}).at(place).fix(Applicability::certain, "use `..`", {{place, ".."}});
    leave(1);
    push(make_sign(Sign::range, place));
    return true;
  }
  const bool set = sign(0, Sign::brace_open) && out_.back().is_word("in") &&
                   (at(1).kind == TokenKind::text || at(1).kind == TokenKind::number);
  const bool tuple = sign(0, Sign::paren_open) && (out_.back().is(Sign::colon) || out_.back().is(Sign::bind));
  if (!set && !tuple) return false;
  const auto close = closing(0);
  if (!close || *close == 1 || sign(*close + 1, Sign::lambda) || sign(*close + 1, Sign::arrow)) return false;
  bool several = false;
  int depth = 0;
  for (size_t k = 1; k < *close; ++k) {
    if (opens(at(k))) ++depth;
    if (closes(at(k))) --depth;
    if (depth == 0 && sign(k, Sign::colon)) return false;
    if (depth == 0 && sign(k, Sign::comma)) several = true;
  }
  if (tuple && !several) return false;
  const Span end = at(*close).span;
  spelled(place, set ? "{ … }" : "( … )", "[ … ]", {})
      .fix(Applicability::certain, "a list stands in `[ ]`", {{place, "["}, {end, "]"}});
  const size_t base = next_;
  push(make_sign(Sign::bracket_open, place));
  leave(1);
  walk(base + *close);
  push(make_sign(Sign::bracket_close, end));
  leave(1);
  return true;
}

/// `amount * 10%` and `{ p.*, x }`.
bool HabitReader::odd_ends() {
  const Span place = at().span;
  const Token& last = out_.back();
  const bool ends =
      sign(1, Sign::comma) || sign(1, Sign::brace_close) || sign(1, Sign::paren_close) || at(1).starts_line;
  if (sign(0, Sign::percent) && last.kind == TokenKind::number && last.span.end == place.begin && ends && !in_header_ &&
      !open_.empty() && last.text.find_first_not_of("0123456789") == std::string::npos && last.text.size() < 4) {
    const int percent = std::atoi(last.text.c_str());
    const std::string digits = std::to_string(percent % 100);
    const std::string wanted = std::to_string(percent / 100) + "." + (digits.size() < 2 ? "0" : "") + digits;
    const Span whole = cover(last.span, place);
    spelled(whole, source(whole), wanted, whole).fix(Applicability::certain, "write a share of 1", {{whole, wanted}});
    out_.back().text = wanted;
    out_.back().number = ast::NumberKind::decimal;
    leave(1);
    return true;
  }
  const size_t size = out_.size();
  const bool entry = sign(0, Sign::star) && last.is(Sign::dot) && size > 2 && out_[size - 2].kind == TokenKind::word &&
                     (out_[size - 3].is(Sign::brace_open) || out_[size - 3].is(Sign::comma)) && in_braces();
  if (!entry) return false;
  const Token name = out_[size - 2];
  const Span whole = cover(name.span, place);
  spelled(whole, source(whole), ".." + name.text, whole)
      .fix(Applicability::certain, "use `..`", {{whole, ".." + name.text}});
  out_.resize(size - 2);
  leave(1);
  push(make_sign(Sign::range, whole));
  push(name);
  return true;
}

/// `x -> x.price` of Java, and `a->b` of C.
bool HabitReader::other_lambda() {
  if (!sign(0, Sign::arrow) || out_.size() < 2) return false;
  const bool touches = out_.back().span.end == at().span.begin && at().span.end == at(1).span.begin;
  if (open_.back() == Sign::brace_open && touches && out_.back().kind == TokenKind::word &&
      at(1).kind == TokenKind::word && !sign(2, Sign::paren_open)) {
    const Span arrow = at().span;
    spelled(arrow, "->", ".", arrow).fix(Applicability::certain, "use `.`", {{arrow, "."}});
    push(make_sign(Sign::dot, arrow));
    leave(1);
    return true;
  }
  if (open_.back() != Sign::paren_open) return false;
  const Token& before = out_[out_.size() - 2];
  const bool parameter = out_.back().kind == TokenKind::word && (before.is(Sign::paren_open) || before.is(Sign::comma));
  if (!parameter && !out_.back().is(Sign::paren_close)) return false;
  const Span place = at().span;
  spelled(place, "->", "=>", place).fix(Applicability::certain, "use `=>`", {{place, "=>"}});
  push(make_sign(Sign::lambda, place));
  leave(1);
  return true;
}

/// `f"{x:.2f}"` of Python.
bool HabitReader::format_of_value() {
  if (!sign(0, Sign::colon)) return false;
  size_t start = out_.size();
  while (start > 0 && out_.size() - start < kFarthest && out_[start - 1].kind != TokenKind::formatted_open &&
         out_[start - 1].kind != TokenKind::formatted_close && out_[start - 1].kind != TokenKind::formatted_begin)
    --start;
  if (start == 0 || out_[start - 1].kind != TokenKind::formatted_open) return false;
  size_t end = 1;
  while (at(end).kind != TokenKind::formatted_close && at(end).kind != TokenKind::end && end < kFarthest) ++end;
  if (at(end).kind != TokenKind::formatted_close) return false;
  const Span whole = span_of(0, end - 1);
  lacks(whole, source(whole), "a text takes a value as it is", whole)
      .note("`round(x, 2)` has two digits after the point, `format(at, \"HH:mm\")` shapes a time, `pad_start` a width");
  leave(end);
  return true;
}

}  // namespace braid::grammar
