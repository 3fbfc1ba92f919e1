// What other languages write where a value begins: `case when`, `cast(… as …)`, `interval '1 day'`, `extract(… from
// …)`, subqueries, `lambda x: …`, template strings.
#include <algorithm>
#include <array>

#include "compiler/parse/habit_reader.h"
#include "compiler/parse/literals.h"
#include "runtime/declare/foreign_type.h"

namespace braid::grammar {
namespace {

struct UnitName {
  std::string_view foreign, unit, method;
};
constexpr UnitName kUnits[] = {{"microsecond", "us", ""},
                               {"millisecond", "ms", ""},
                               {"second", "s", "second"},
                               {"sec", "s", "second"},
                               {"minute", "m", "minute"},
                               {"min", "m", "minute"},
                               {"hour", "h", "hour"},
                               {"day", "d", "day"},
                               {"week", "w", "week"},
                               {"month", "mo", "month"},
                               {"quarter", "", "quarter"},
                               {"year", "y", "year"},
                               {"dow", "", "weekday"},
                               {"isodow", "", "weekday"},
                               {"dayofweek", "", "weekday"},
                               {"doy", "", "day_of_year"},
                               {"dayofyear", "", "day_of_year"},
                               {"epoch", "", "to_unix"},
                               {"date", "", "date"}};

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

const UnitName* unit_named(std::string_view text) {
  const std::string lower = lowered(text);
  for (const UnitName& known : kUnits)
    if (lower == known.foreign || lower == std::string(known.foreign) + "s") return &known;
  return nullptr;
}

/// Begins as `form` says, `d` for a digit, and an instant ends with its zone.
bool has_form(std::string_view text, std::string_view form) {
  if (text.size() < form.size()) return false;
  for (size_t i = 0; i < form.size(); ++i)
    if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return false;
  const std::string_view rest = text.substr(form.size());
  if (form.size() < 16) return rest.find_first_not_of("0123456789:.") == std::string_view::npos;
  const size_t zone = rest.find_first_of("Z+");
  if (zone == std::string_view::npos ||
      rest.substr(0, zone).find_first_not_of("0123456789:.") != std::string_view::npos)
    return false;
  const std::string_view offset = rest.substr(zone);
  return offset == "Z" || (offset.size() == 6 && has_form(offset.substr(1), "dd:dd"));
}

}  // namespace

std::string duration_of(std::string_view text) {
  std::string made;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    const size_t digits = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    if (i == digits) return "";
    made += text.substr(digits, i - digits);
    while (i < text.size() && text[i] == ' ') ++i;
    const size_t letters = i;
    while (i < text.size() && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z'))) ++i;
    const UnitName* unit = unit_named(text.substr(letters, i - letters));
    if (unit == nullptr || unit->unit.empty()) return "";
    made += unit->unit;
  }
  return made;
}

bool HabitReader::prefix() {
  return value_form() || case_when() || cast() || interval() || extract_unit() || time_literal() ||
         distinct_argument() || distinct_entry() || where_in_call() || subquery() || python_lambda() || quoted_text() ||
         if_call() || words_in_call() || odd_entry();
}

/// `case when c then v … else e end` and `case x when 1 then … end`.
bool HabitReader::case_when() {
  if (!word(0, "case")) return false;
  const size_t subject_end = word(1, "when") ? 1 : behind_operand(1);
  if (!word(subject_end, "when")) return false;
  // The words of this `case`; those inside of it, of another `case` or an `if`, are not its own.
  std::vector<size_t> whens, thens;
  size_t other = 0, end = 0;
  int cases = 0, choices = 0, depth = 0;
  for (size_t k = subject_end; k < 1000 && next_ + k < in_.size() - 2 && end == 0; ++k) {
    const Token& token = at(k);
    if (token.is(Sign::brace_open) || token.is(Sign::paren_open) || token.is(Sign::bracket_open)) ++depth;
    if ((token.is(Sign::brace_close) || token.is(Sign::paren_close) || token.is(Sign::bracket_close)) && depth-- == 0)
      return false;
    if (depth > 0) continue;
    if (token.is_word("case")) ++cases;
    if (token.is_word("end") && cases-- == 0) end = k;
    if (cases > 0 || end > 0) continue;
    if (token.is_word("if")) ++choices;
    if (token.is_word("when")) whens.push_back(k);
    if (token.is_word("then") && choices == 0) thens.push_back(k);
    if (token.is_word("else") && choices-- == 0) {
      other = k;
      choices = 0;
    }
  }
  if (end == 0 || whens.size() != thens.size()) return false;
  const Span place = at().span;
  auto report = spelled(cover(place, at(subject_end).span), source(cover(place, at(subject_end).span)) + " … end",
                        "case { … -> …, else -> … }", {});
  report.also(at(end).span, "ends here");
  std::vector<Edit> edits;
  const size_t base = next_;
  take(1);
  walk(base + subject_end);
  for (size_t i = 0; i < whens.size(); ++i) {
    const Span when = in_[base + whens[i]].span, then = in_[base + thens[i]].span;
    const bool first = i == 0;
    // The comma stands behind what came before.
    if (first)
      edits.push_back({when, "{"});
    else
      edits.push_back({{when.file, in_[base + whens[i] - 1].span.end, in_[base + whens[i] + 1].span.begin}, ", "});
    edits.push_back({then, "->"});
    push(make_sign(first ? Sign::brace_open : Sign::comma, when));
    leave(1);
    walk(base + thens[i]);
    push(make_sign(Sign::arrow, then));
    leave(1);
    walk(base + (i + 1 < whens.size() ? whens[i + 1] : other > 0 ? other : end));
  }
  if (other > 0) {
    const Span span = in_[base + other].span;
    edits.push_back({{span.file, in_[base + other - 1].span.end, span.end}, ", else ->"});
    push(make_sign(Sign::comma, span));
    take(1);
    push(make_sign(Sign::arrow, span));
    walk(base + end);
  } else {
    const Span span = in_[base + end].span;
    edits.push_back({{span.file, in_[base + end - 1].span.end, span.begin}, ", else -> null "});
    push(make_sign(Sign::comma, span));
    push(make_word("else", span));
    push(make_sign(Sign::arrow, span));
    push(make_word("null", span));
  }
  edits.push_back({in_[base + end].span, "}"});
  for (const Edit& edit : edits) absorb(edit.span);
  report.fix(Applicability::certain, "write the arms in braces", edits);
  push(make_sign(Sign::brace_close, in_[base + end].span));
  leave(1);
  return true;
}

/// `cast(x as int)`, `try_cast(x as decimal(12,2))`.
bool HabitReader::cast() {
  const bool trying = word(0, "try_cast") || word(0, "safe_cast");
  if ((!word(0, "cast") && !trying) || !sign(1, Sign::paren_open)) return false;
  const auto close = closing(1);
  if (!close) return false;
  size_t as = 2;
  int depth = 0;
  for (; as < *close; ++as) {
    if (sign(as, Sign::paren_open)) ++depth;
    if (sign(as, Sign::paren_close)) --depth;
    if (depth == 0 && word(as, "as")) break;
  }
  if (as == *close || as == 2 || at(as + 1).kind != TokenKind::word) return false;
  const std::string to(braid_type_name(at(as + 1).text));
  const Span place = at().span;
  std::string digits;
  if (to == "decimal" && sign(as + 2, Sign::paren_open) && *close > as + 4)
    digits = ", " + source(span_of(as + 3, *close - 2));
  const std::string function = (trying ? "try " : "") + (to.empty() ? "int" : to);
  auto report = spelled(place, at().text + "(… as " + source(span_of(as + 1, *close - 1)) + ")", function + "(…)",
                        span_of(0, *close));
  const Span tail{place.file, at(as - 1).span.end, at(*close).span.begin};
  if (to == "decimal" && digits.empty())
    report.fix(Applicability::sketch, "say how many digits there are", {{place, function}, {tail, ", 12, 2"}});
  else if (!to.empty())
    report.fix(Applicability::certain, "call `" + to + "`", {{place, function}, {tail, digits}});
  else
    report.note("types are int, decimal, float, string, bool, date, time, timestamp, duration, uuid and bytes");
  const size_t base = next_;
  if (to.empty() || to == "decimal") {
    leave(*close + 1);
    push(make_hole(place));
    return true;
  }
  if (trying) push(make_word("try", place));
  push(make_word(to, place));
  leave(1);
  take(1);
  walk(base + as);
  leave(base + *close - next_);
  take(1);
  return true;
}

/// `interval '1 day'`, `interval '1' day`, `interval 5 minute`.
bool HabitReader::interval() {
  if (!word(0, "interval")) return false;
  const bool text = at(1).kind == TokenKind::text, number = at(1).kind == TokenKind::number;
  if (!text && !number) return false;
  std::string written = at(1).text;
  size_t end = 2;
  if (at(2).kind == TokenKind::word && unit_named(at(2).text) != nullptr && !at(2).starts_line) {
    written += " " + at(2).text;
    end = 3;
  }
  const std::string meant = duration_of(written);
  const Span place = span_of(0, end - 1);
  const bool fixed = !meant.empty() && meant.find("mo") == std::string::npos &&
                     meant.find_first_of("wy") == std::string::npos && duration_parts(meant).has_value();
  const size_t weeks = meant.find('w');
  std::string wanted = meant;
  bool usable = fixed;
  if (weeks != std::string::npos && weeks + 1 == meant.size() && weeks < 6) {
    wanted = std::to_string(7 * std::atoi(meant.c_str())) + "d";
    usable = true;
  }
  auto report = spelled(place, source(place), wanted.empty() ? "1d" : wanted, place);
  if (usable)
    report.fix(Applicability::certain, "write `" + wanted + "`", {{place, wanted}});
  else
    report.note(
        "units are us, ms, s, m, h and d; months and years differ in length: `add_months(date, 1)` counts them");
  leave(end);
  if (!usable) {
    push(make_hole(place));
    return true;
  }
  Token token = make_word(wanted, place);
  token.kind = TokenKind::duration;
  push(std::move(token));
  return true;
}

/// `extract(year from at)`.
bool HabitReader::extract_unit() {
  if (!word(0, "extract") || !sign(1, Sign::paren_open) || at(2).kind != TokenKind::word || !word(3, "from"))
    return false;
  const auto close = closing(1);
  if (!close || *close == 4) return false;
  const UnitName* unit = unit_named(at(2).text);
  const std::string function(unit == nullptr ? "" : unit->method);
  const Span place = span_of(0, 3);
  auto report = spelled(place, source(place) + " …)", function.empty() ? "year(…)" : function + "(…)", place);
  if (!function.empty())
    report.fix(Applicability::certain, "use `" + function + "`",
               {{{place.file, place.begin, at(4).span.begin}, function + "("}});
  else
    report.note("the functions are `year month week day weekday hour minute second` and their like");
  push(function.empty() ? make_hole(place) : make_word(function, place));
  leave(1);
  if (function.empty()) {
    leave(*close);
    return true;
  }
  take(1);
  leave(2);
  return true;
}

/// `date '2026-01-31'`, `timestamp '2026-01-31 12:00:00'`.
bool HabitReader::time_literal() {
  const bool date = word(0, "date"), clock = word(0, "time");
  if ((!date && !clock && !word(0, "timestamp")) || at(1).kind != TokenKind::text) return false;
  std::string written = at(1).text;
  const bool instant = !date && !clock;
  if (instant) {
    const size_t blank = written.find(' ');
    if (blank != std::string::npos) written[blank] = 'T';
    if (written.size() == 10) written += "T00:00";
    if (written.find_first_of("Z+", 10) == std::string::npos) written += 'Z';
  }
  const ast::TimeKind kind = date ? ast::TimeKind::date : clock ? ast::TimeKind::time : ast::TimeKind::instant;
  const Span place = span_of(0, 1);
  const bool right = has_form(written, date    ? "dddd-dd-dd"
                                       : clock ? "dd:dd"
                                               : "dddd-dd-ddTdd:dd") &&
                     (!date || written.size() == 10) && time_mistake(written, kind).empty();
  auto report = spelled(place, source(place),
                        right   ? "@" + written
                        : date  ? "@2026-01-31"
                        : clock ? "@12:30"
                                : "@2026-01-31T12:30Z",
                        place);
  if (right)
    report.fix(instant ? Applicability::likely : Applicability::certain, "write `@" + written + "`",
               {{place, "@" + written}});
  leave(2);
  Token token = make_word(written, place);
  token.kind = TokenKind::time;
  token.time = kind;
  push(right ? std::move(token) : make_hole(place));
  return true;
}

/// `count(distinct x)`.
bool HabitReader::distinct_argument() {
  if (at().kind != TokenKind::word || !sign(1, Sign::paren_open) || !word(2, "distinct")) return false;
  if (sign(3, Sign::colon) || behind_operand(3) == 3) return false;
  const auto close = closing(1);
  if (!close) return false;
  const Span place = at(2).span;
  if (word(0, "count")) {
    const Span name = at().span;
    spelled(span_of(0, 2), "count(distinct …)", "count_distinct(…)", {})
        .fix(Applicability::certain, "use `count_distinct`",
             {{name, "count_distinct"}, {{place.file, place.begin, at(3).span.begin}, ""}});
    push(make_word("count_distinct", name));
    leave(1);
    take(1);
    leave(1);
    return true;
  }
  lacks(span_of(0, 2), source(span_of(0, 2)) + " …)",
        "`count_distinct` counts different values, other aggregates see every row", {});
  const Span whole = span_of(0, *close);
  leave(*close + 1);
  push(make_hole(whole));
  return true;
}

/// `visitors: distinct visitor` and `count distinct visitor`.
bool HabitReader::distinct_entry() {
  const size_t name = word(0, "count") ? 1 : 0;
  if (!in_braces() || out_.empty() || !out_.back().is(Sign::colon) || !word(name, "distinct")) return false;
  const size_t end = behind_operand(name + 1);
  if (end == name + 1 || at(name + 1).starts_line) return false;
  const Span place = span_of(0, name), value = span_of(name + 1, end - 1);
  const bool enclosed = sign(name + 1, Sign::paren_open);
  const std::string wanted = "count_distinct(" + source(enclosed ? span_of(name + 2, end - 2) : value) + ")";
  spelled(place, source(cover(place, value)), wanted, place)
      .fix(Applicability::likely, "count the different values", {{cover(place, value), wanted}});
  push(make_word("count_distinct", place));
  leave(name + 1);
  if (!enclosed) push(make_sign(Sign::paren_open, place));
  take(end - name - 1);
  if (!enclosed) push(make_sign(Sign::paren_close, value));
  return true;
}

/// `sum(amount where status == "paid")`.
bool HabitReader::where_in_call() {
  if (!word(0, "where") || sign(1, Sign::colon) || open_.empty() || open_.back() != Sign::paren_open || out_.empty() ||
      at().starts_line)
    return false;
  const bool first = out_.back().is(Sign::paren_open), behind_comma = out_.back().is(Sign::comma);
  if ((!first && !behind_comma && !after_operand()) || behind_operand(1) == 1) return false;
  const Span place = at().span;
  const std::string wanted = first || behind_comma ? "where:" : ", where:";
  spelled(place, "where …", wanted + " …", place)
      .fix(Applicability::certain, "make it an argument",
           {{first || behind_comma ? place : Span{place.file, out_.back().span.end, place.end}, wanted}});
  if (!first && !behind_comma) push(make_sign(Sign::comma, place));
  push(make_word("where", place));
  push(make_sign(Sign::colon, place));
  leave(1);
  return true;
}

/// `exists (…)`, `in (select …)`, `(select …)`.
bool HabitReader::subquery() {
  const bool exists = word(0, "exists") && sign(1, Sign::paren_open);
  const bool in = word(0, "in") && sign(1, Sign::paren_open) && word(2, "select");
  const bool plain = sign(0, Sign::paren_open) && (word(1, "select") || word(1, "with"));
  if (!exists && !in && !plain) return false;
  if (exists && !word(2, "select")) return false;
  const auto close = closing(exists || in ? 1 : 0);
  if (!close || !sign(*close, Sign::paren_close)) return false;
  const Span whole = span_of(0, *close);
  const Span place = plain ? span_of(0, 1) : span_of(0, exists || in ? 1 : 0);
  const std::string found = exists ? "exists (select …)" : in ? "in (select …)" : "(select …)";
  lacks(place, found,
        in || exists ? "a `join` checks whether there is such a row" : "a query inside a query is a `view` of its own",
        whole)
      .note(in || exists
                ? "`left join c on c.id == customer_id` and `where c is not null`; `where c is null` is its opposite"
                : "`view name { from … }` beside the others, and `from name` or `join name` here");
  if (in) {
    if (!out_.empty() && out_.back().is_word("not")) out_.pop_back();
    out_.resize(operand_start());
  }
  leave(*close + 1);
  if (plain && word(0, "as")) leave(2);
  push(make_hole(whole));
  return true;
}

/// `lambda x: x + 1`.
bool HabitReader::python_lambda() {
  if (!word(0, "lambda") || at(1).kind != TokenKind::word) return false;
  size_t colon = 2;
  while (sign(colon, Sign::comma) && at(colon + 1).kind == TokenKind::word) colon += 2;
  if (!sign(colon, Sign::colon)) return false;
  lacks(span_of(0, colon), source(span_of(0, colon)) + " …", "a `function` with a name computes what a lambda would",
        {})
      .note("`function doubled(x: int) -> int = 2 * x` beside the products, and `doubled(x)` where it is needed");
  const Span place = at().span;
  size_t end = colon + 1;
  while (next_ + end < in_.size() - 2 && !sign(end, Sign::comma) && !at(end).starts_line) {
    if (sign(end, Sign::paren_close) || sign(end, Sign::bracket_close) || sign(end, Sign::brace_close)) break;
    const auto close = sign(end, Sign::paren_open) || sign(end, Sign::bracket_open) || sign(end, Sign::brace_open)
                           ? closing(end)
                           : std::optional<size_t>(end);
    if (!close) break;
    end = *close + 1;
  }
  leave(end);
  push(make_hole(place));
  return true;
}

/// `f'…'` of Python and `` `…${x}…` `` of JavaScript.
bool HabitReader::quoted_text() {
  const bool prefixed = (word(0, "f") || word(0, "r") || word(0, "F") || word(0, "b")) &&
                        at(1).kind == TokenKind::text && at(1).span.begin == at().span.end &&
                        at(1).span.end - at(1).span.begin > 1;  // its end may be missing
  const bool is_template = at().kind == TokenKind::word && at().quoted && at().text.find("${") != std::string::npos;
  if (!prefixed && !is_template) return false;
  const Span place = prefixed ? span_of(0, 1) : at().span;
  const std::string inside = prefixed ? source({place.file, at(1).span.begin + 1, place.end - 1}) : at().text;
  std::string wanted = (word(0, "r") && prefixed ? "r\"" : "f\"");
  for (size_t i = 0; i < inside.size(); ++i) {
    if (is_template && inside[i] == '$' && i + 1 < inside.size() && inside[i + 1] == '{') continue;
    if (inside[i] == '"') wanted += '\\';
    wanted += inside[i];
  }
  wanted += '"';
  spelled(place, is_template ? "`…${x}…`" : source(span_of(0, 0)) + "'…'",
          is_template || !word(0, "r") ? "f\"…{x}…\"" : "r\"…\"", place)
      .fix(Applicability::likely, "write a text in double quotes", {{place, wanted}});
  leave(prefixed ? 2 : 1);
  push(make_text(inside, place));
  return true;
}

/// `if(c, a, b)` of MySQL.
bool HabitReader::if_call() {
  if (!word(0, "if") || !sign(1, Sign::paren_open)) return false;
  const auto close = closing(1);
  if (!close) return false;
  std::vector<size_t> commas;
  int depth = 0;
  for (size_t k = 2; k < *close; ++k) {
    const Token& token = at(k);
    if (token.is(Sign::paren_open) || token.is(Sign::bracket_open) || token.is(Sign::brace_open)) ++depth;
    if (token.is(Sign::paren_close) || token.is(Sign::bracket_close) || token.is(Sign::brace_close)) --depth;
    if (depth == 0 && token.is(Sign::comma)) commas.push_back(k);
  }
  if (commas.size() != 2) return false;
  const Span place = at().span;
  const Span open = at(1).span, first = at(commas[0]).span, second = at(commas[1]).span;
  spelled(place, "if(…, …, …)", "if … then … else …", {})
      .fix(Applicability::certain, "use `then` and `else`",
           {{{open.file, place.begin, open.end}, "(if "}, {first, " then"}, {second, " else"}});
  const size_t base = next_;
  push(make_sign(Sign::paren_open, open));
  push(make_word("if", place));
  leave(2);
  walk(base + commas[0]);
  push(make_word("then", first));
  leave(1);
  walk(base + commas[1]);
  push(make_word("else", second));
  leave(1);
  walk(base + *close);
  take(1);
  return true;
}

/// `substring(t from 1 for 3)` and `trim(both "x" from t)`.
bool HabitReader::words_in_call() {
  if (!word(0, "substring") && !word(0, "trim")) return false;
  if (at().kind != TokenKind::word || !sign(1, Sign::paren_open)) return false;
  const auto close = closing(1);
  if (!close) return false;
  const size_t end = behind_operand(2);
  const Span whole = span_of(0, *close), place = at().span;
  if (word(0, "substring") && end > 2 && word(end, "from")) {
    const size_t from = end + 1;
    size_t count = behind_operand(from);
    const std::string text = source(span_of(2, end - 1));
    auto report = spelled(place, "substring(… from … for …)", "substring(…, from, count)", whole);
    report.note("positions count from 0");
    if (count == from + 1 && at(from).kind == TokenKind::number && at(from).text.size() < 10 && at(from).text != "0") {
      std::string wanted = "substring(" + text + ", " + std::to_string(std::atoi(at(from).text.c_str()) - 1);
      if (word(count, "for") && count + 1 < *close) wanted += ", " + source(span_of(count + 1, *close - 1));
      report.fix(Applicability::certain, "use commas", {{whole, wanted + ")"}});
    }
    leave(*close + 1);
    push(make_text("", whole));
    return true;
  }
  const bool both = word(2, "both"), leading = word(2, "leading"), trailing = word(2, "trailing");
  if (word(0, "trim") && (both || leading || trailing)) {
    const bool bare = word(3, "from");
    const std::string wanted = both ? "trim" : leading ? "trim_start" : "trim_end";
    auto report = spelled(span_of(0, 2), source(span_of(0, 2)) + " … from …)", wanted + "(…)", whole);
    if (bare && *close > 4)
      report.fix(Applicability::certain, "use `" + wanted + "`",
                 {{{whole.file, whole.begin, at(4).span.begin}, wanted + "("}});
    else
      report.note("it takes white space away; `replace_regex(t, \"^x+|x+$\", \"\")` takes other characters away");
    leave(*close + 1);
    push(make_text("", whole));
    return true;
  }
  return false;
}

/// `...row`, `{ "a": 1 }`, `{ a = 1 }`, `new Date(x)`, `array[1, 2]`.
bool HabitReader::odd_entry() {
  if (signs(0, Sign::range, Sign::dot)) {
    const Span place = span_of(0, 1);
    spelled(place, "...", "..", place).fix(Applicability::certain, "use `..`", {{place, ".."}});
    take(1);
    leave(1);
    return true;
  }
  if (comes({"new"}) && at(1).kind == TokenKind::word && sign(2, Sign::paren_open)) {
    const Span place = at().span;
    lacks(place, "new", "there are values and no objects", place)
        .note("`now()` is the present, `timestamp(\"2026-01-31T00:00:00Z\")` and `@2026-01-31` are points in time");
    const auto close = closing(2);
    leave(close ? *close + 1 : 3);
    push(make_hole(place));
    return true;
  }
  const bool entry = in_braces() && !out_.empty() && (out_.back().is(Sign::brace_open) || out_.back().is(Sign::comma));
  if (!entry) return false;
  if (at().kind == TokenKind::text && sign(1, Sign::colon)) {
    const Span place = at().span;
    const std::string& name = at().text;
    const bool plain =
        !name.empty() &&
        std::all_of(name.begin(), name.end(),
                    [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                    }) &&
        !(name[0] >= '0' && name[0] <= '9') && !is_reserved(name);
    const std::string wanted = plain ? name : "`" + name + "`";
    spelled(place, source(place) + ": …", wanted + ": …", place)
        .fix(Applicability::certain, "names have no quotes", {{place, wanted}});
    Token token = make_word(name, place);
    token.quoted = true;
    token.starts_line = at().starts_line;
    leave(1);
    push(std::move(token));
    return true;
  }
  if (at().kind == TokenKind::word && sign(1, Sign::bind) && !starts_any(&at())) {
    const Span place = at(1).span;
    spelled(place, at().text + " = …", at().text + ": …", place)
        .fix(Applicability::certain, "use `:`", {{{place.file, at().span.end, place.end}, ":"}});
    take(1);
    leave(1);
    push(make_sign(Sign::colon, place));
    return true;
  }
  return false;
}

}  // namespace braid::grammar
