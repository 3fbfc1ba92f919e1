// What other languages write behind a value: `like`, `mod`, `::int`, `**`, `is true`, `over (…)`, `[0:3]`.
#include <algorithm>

#include "compiler/parse/habit_reader.h"
#include "runtime/declare/foreign_type.h"

namespace braid::grammar {
namespace {

std::string quoted(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    if (c == '\n')
      made += "\\n";
    else
      made += c;
  }
  return made + "\"";
}

struct Matching {
  std::string method;  ///< empty: equality
  std::string text;
};

/// What a pattern of `like` asks: the method and its argument.
Matching matching(std::string_view pattern) {
  const bool wild_start = pattern.starts_with('%');
  const bool wild_end = pattern.size() > (wild_start ? 1u : 0u) && pattern.ends_with('%');
  std::string_view middle = pattern;
  if (wild_start) middle.remove_prefix(1);
  if (wild_end) middle.remove_suffix(1);
  if (middle.find_first_of("%_") == std::string_view::npos) {
    const char* method = wild_start && wild_end ? "contains" : wild_start ? "ends_with" : wild_end ? "starts_with" : "";
    return {method, std::string(middle)};
  }
  std::string regex = wild_start ? "" : "^";
  for (const char c : middle) {
    if (c == '%') {
      regex += ".*";
    } else if (c == '_') {
      regex += '.';
    } else {
      if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) regex += '\\';
      regex += c;
    }
  }
  return {"matches", regex + (wild_end ? "" : "$")};
}

/// Words that stand between two operands elsewhere, and are methods here.
struct WordMethod {
  std::string_view word, method;
};
constexpr WordMethod kWordMethods[] = {{"rlike", "matches"},
                                       {"regexp", "matches"},
                                       {"regexp_like", "matches"},
                                       {"glob", "matches"},
                                       {"contains", "contains"},
                                       {"startswith", "starts_with"},
                                       {"starts_with", "starts_with"},
                                       {"endswith", "ends_with"},
                                       {"ends_with", "ends_with"},
                                       {"div", "div"},
                                       {"has", "contains"}};

bool is_comparison(const Token& token) {
  for (const Sign sign : {Sign::equal, Sign::bind, Sign::not_equal, Sign::less, Sign::less_equal, Sign::greater,
                          Sign::greater_equal, Sign::less_greater, Sign::equal_equal_equal})
    if (token.is(sign)) return true;
  return false;
}

}  // namespace

bool HabitReader::infix() {
  if (infix_form() || where_in_call() || repeated_comparison() || window_function() || aggregate_filter() ||
      alias_behind())
    return true;
  if (at().starts_line) return false;
  return like_pattern() || word_operator() || power() || typed_by_colons() || is_something() || trailing_if() ||
         slice() || odd_signs() || at_time_zone();
}

/// `t like "a%"`, `t not ilike "%b"`.
bool HabitReader::like_pattern() {
  const bool negated = word(0, "not");
  const size_t name = negated ? 1 : 0;
  const bool any_case = word(name, "ilike");
  if (!any_case && !word(name, "like")) return false;
  const size_t end = behind_operand(name + 1);
  if (end == name + 1) return false;
  const size_t start = operand_start();
  const Span left = cover(out_[start].span, out_.back().span);
  const Span right = span_of(name + 1, end - 1);
  const bool literal = end == name + 2 && at(name + 1).kind == TokenKind::text;
  std::string pattern = literal ? at(name + 1).text : "";
  if (any_case)
    for (char& c : pattern) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const Matching meant = literal ? matching(pattern) : Matching{"contains", ""};
  const std::string lowered = any_case ? ".lower()" : "";
  std::string wanted = "." + meant.method + "(" + quoted(meant.text) + ")";
  if (meant.method.empty()) wanted = (negated ? " != " : " == ") + quoted(meant.text);
  std::vector<Edit> edits = {{{left.file, left.end, right.end}, lowered + wanted}};
  const bool inverted = negated && !meant.method.empty();
  if (inverted) edits.push_back({before(left), "not "});
  const Span place = span_of(0, name);
  if (literal) {
    spelled(place, source(place),
            inverted ? "not " + lowered + wanted : lowered + (wanted[0] == ' ' ? wanted.substr(1) : wanted),
            cover(place, right))
        .fix(Applicability::certain,
             "use `" + (meant.method.empty() ? std::string(negated ? "!=" : "==") : meant.method) + "`", edits);
  } else {
    spelled(place, source(place), "contains", cover(place, right))
        .note("`starts_with`, `ends_with` and `contains` look for a text, `matches` for a regular expression");
  }
  if (inverted) insert(start, make_word("not", left));
  leave(name + 1);
  if (!literal || !meant.method.empty()) {
    push(make_sign(Sign::dot, place));
    push(make_word(literal ? meant.method : "contains", place));
    push(make_sign(Sign::paren_open, place));
    if (literal) {
      push(make_text(meant.text, right));
      leave(1);
    } else {
      take(end - name - 1);
    }
    push(make_sign(Sign::paren_close, right));
  } else {
    push(make_sign(negated ? Sign::not_equal : Sign::equal, place));
    push(make_text(meant.text, right));
    leave(1);
  }
  return true;
}

/// `i mod 2`, `i div n`, `t rlike "…"`, `a xor b`.
bool HabitReader::word_operator() {
  const bool negated = word(0, "not");
  const size_t name = negated ? 1 : 0;
  if (at(name).kind != TokenKind::word || at(name).quoted) return false;
  const size_t words = word(name, "similar") && word(name + 1, "to") ? 2 : 1;
  const size_t end = behind_operand(name + words);
  if (end == name + words || at(name + words).starts_line) return false;
  const Span place = span_of(name, name + words - 1);
  if (words == 1 && (word(0, "mod") || word(0, "xor"))) {
    const bool mod = word(0, "mod");
    if (!mod && is_comparison(at(end))) {
      spelled(place, "xor", "!=", place).note("parentheses belong around the condition: `a != (b > 1)`");
      leave(1);
      push(make_hole(place));
      return true;
    }
    const std::string wanted = mod ? "%" : "!=";
    spelled(place, at().text, wanted, place).fix(Applicability::certain, "use `" + wanted + "`", {{place, wanted}});
    leave(1);
    push(make_sign(mod ? Sign::percent : Sign::not_equal, place));
    return true;
  }
  std::string method = words == 2 ? "matches" : "";
  for (const WordMethod& known : kWordMethods)
    if (words == 1 && word(name, known.word)) method = known.method;
  if (method.empty()) return false;
  const size_t start = operand_start();
  const Span left = cover(out_[start].span, out_.back().span);
  const Span right = span_of(name + words, end - 1);
  // `x contains ("a")` has its parentheses already.
  const bool enclosed = sign(name + words, Sign::paren_open) && *closing(name + words) == end - 1;
  std::vector<Edit> edits = {{{left.file, left.end, right.begin}, "." + method + (enclosed ? "" : "(")}};
  if (!enclosed) edits.push_back({behind(right), ")"});
  if (negated) edits.push_back({before(left), "not "});
  spelled(place, source(place), "." + method + "(…)", place).fix(Applicability::likely, "use `" + method + "`", edits);
  if (negated) insert(start, make_word("not", left));
  leave(name + words);
  push(make_sign(Sign::dot, place));
  push(make_word(method, place));
  if (!enclosed) push(make_sign(Sign::paren_open, place));
  walk(next_ + end - name - words);
  if (!enclosed) push(make_sign(Sign::paren_close, right));
  return true;
}

/// `a ** b`, `a ^ b`.
bool HabitReader::power() {
  const bool stars = signs(0, Sign::star, Sign::star);
  const bool caret = at().kind == TokenKind::bad && source(at().span) == "^";
  if (!stars && !caret) return false;
  const size_t width = stars ? 2 : 1;
  const size_t end = behind_operand(width);
  if (end == width) return false;
  const size_t start = operand_start();
  const Span left = cover(out_[start].span, out_.back().span);
  const Span right = span_of(width, end - 1), place = span_of(0, width - 1);
  spelled(place, source(place), "pow(…)", cover(place, right))
      .note("`pow` takes two floats: `pow(float(i), 2)` of a whole number")
      .fix(Applicability::likely, "use `pow`",
           {{before(left), "pow("}, {{left.file, left.end, right.begin}, ", "}, {behind(right), ")"}});
  while (out_.size() > start) out_.pop_back();
  leave(end);
  push(make_hole(place));
  return true;
}

/// `x::int` of PostgreSQL.
bool HabitReader::typed_by_colons() {
  if (!signs(0, Sign::colon, Sign::colon) || at(2).kind != TokenKind::word) return false;
  const std::string_view to = braid_type_name(at(2).text);
  size_t end = 3;
  std::string digits;
  if (word(2, "double") && word(3, "precision")) end = 4;
  if (sign(end, Sign::paren_open)) {
    const auto close = closing(end);
    if (!close) return false;
    if (to == "decimal" && *close > end + 1) digits = ", " + source(span_of(end + 1, *close - 1));
    end = *close + 1;
  }
  const size_t start = operand_start();
  const Span left = cover(out_[start].span, out_.back().span);
  const Span place = span_of(0, end - 1);
  const auto& foreign = foreign_types();
  const bool is_type = !to.empty() || std::any_of(foreign.begin(), foreign.end(),
                                                  [&](const ForeignType& each) { return each.name == at(2).text; });
  if (!is_type && !sign(3, Sign::paren_open)) {
    spelled(place, source(place), "." + at(2).text, place)
        .note("`.` reads a field, and a function converts: `int(x)`")
        .fix(Applicability::likely, "use `.`", {{span_of(0, 1), "."}});
    leave(2);
    push(make_sign(Sign::dot, place));
    take(1);
    return true;
  }
  auto report = spelled(place, source(place), (to.empty() ? std::string("int") : std::string(to)) + "(…)", place);
  if (to == "decimal" && digits.empty()) {
    report.fix(Applicability::sketch, "say how many digits there are",
               {{before(left), "decimal("}, {place, ", 12, 2)"}});
  } else if (!to.empty()) {
    report.fix(Applicability::certain, "call `" + std::string(to) + "`",
               {{before(left), std::string(to) + "("}, {place, digits + ")"}});
  }
  const std::string function(to);
  if (to.empty() || to == "decimal") {
    while (out_.size() > start) out_.pop_back();
    leave(end);
    push(make_hole(place));
    return true;
  }
  insert(start, make_word(function, left));
  insert(start + 1, make_sign(Sign::paren_open, left));
  leave(end);
  out_.push_back(make_sign(Sign::paren_close, place));
  return true;
}

/// `is true`, `is not false`, `is None`, `is distinct from`, and `isnull` of PostgreSQL.
bool HabitReader::is_something() {
  const bool negated = word(0, "is") && word(1, "not");
  const size_t what = negated ? 2 : 1;
  if (word(0, "isnull") || word(0, "notnull")) {
    const std::string wanted = word(0, "isnull") ? "is null" : "is not null";
    const Span place = at().span;
    spelled(place, at().text, wanted, place).fix(Applicability::certain, "use `" + wanted + "`", {{place, wanted}});
    push(make_word("is", place));
    if (word(0, "notnull")) push(make_word("not", place));
    push(make_word("null", place));
    leave(1);
    return true;
  }
  if (!word(0, "is")) return false;
  if (at(what).kind == TokenKind::text || at(what).kind == TokenKind::number) {
    const std::string wanted = negated ? "!=" : "==";
    const Span is = span_of(0, what - 1);
    spelled(is, source(is), wanted, is)
        .note("`is` asks for null")
        .fix(Applicability::certain, "use `" + wanted + "`", {{is, wanted}});
    leave(what);
    push(make_sign(negated ? Sign::not_equal : Sign::equal, is));
    return true;
  }
  if (at(what).kind != TokenKind::word) return false;
  const Span place = span_of(0, what);
  if (word(what, "distinct") && word(what + 1, "from")) {
    const std::string wanted = negated ? "==" : "!=";
    const Span all = span_of(0, what + 1);
    spelled(all, source(all), wanted, all).fix(Applicability::certain, "use `" + wanted + "`", {{all, wanted}});
    leave(what + 2);
    push(make_sign(negated ? Sign::equal : Sign::not_equal, all));
    return true;
  }
  for (const std::string_view foreign : {"None", "NULL", "Null", "nil", "undefined", "none", "NA"}) {
    if (!word(what, foreign)) continue;
    const Span null = at(what).span;
    spelled(null, std::string(foreign), "null", null).fix(Applicability::certain, "use `null`", {{null, "null"}});
    push(make_word("is", at().span));
    if (negated) push(make_word("not", at().span));
    push(make_word("null", null));
    leave(what + 1);
    return true;
  }
  const size_t start = operand_start();
  const Span left = cover(out_[start].span, out_.back().span);
  const bool yes = word(what, "true") || word(what, "True"), no = word(what, "false") || word(what, "False");
  if (!yes && !no) return false;
  const bool holds = yes != negated;
  const Span behind_left{left.file, left.end, place.end};
  auto report = spelled(place, source(place), holds ? "…" : "not …", place);
  report.note("a `bool` is a condition by itself");
  std::vector<Edit> edits = {{behind_left, ""}};
  if (!holds) edits.push_back({before(left), "not "});
  report.fix(Applicability::likely, holds ? "leave it out" : "use `not`", edits);
  if (!holds) insert(start, make_word("not", left));
  leave(what + 1);
  return true;
}

/// `i >= 1 and <= 5`: the second comparison has no left side.
bool HabitReader::repeated_comparison() {
  if ((!word(0, "and") && !word(0, "or") && !sign(0, Sign::and_and)) || !is_comparison(at(1))) return false;
  if (behind_operand(2) == 2) return false;
  // The comparison to the left, at the same depth.
  const size_t last = operand_start();
  if (last == 0 || !is_comparison(out_[last - 1])) return false;
  std::vector<Token> right(out_.begin() + static_cast<ptrdiff_t>(last - 1), out_.end());
  out_.resize(last - 1);
  const size_t start = operand_start();
  const std::vector<Token> left(out_.begin() + static_cast<ptrdiff_t>(start), out_.end());
  out_.insert(out_.end(), right.begin(), right.end());
  if (left.empty()) return false;
  const std::string subject = source(cover(left.front().span, left.back().span));
  const Span place = at(1).span;
  found_ = true;
  reporter_.report(diag::UnexpectedText{.expected = "an expression", .found = "`" + source(place) + "`"})
      .at(place, "which value is compared with it?")
      .fix(Applicability::certain, "repeat `" + subject + "`", {{before(place), subject + " "}});
  take(1);
  for (Token token : left) {
    token.starts_line = false;
    push(std::move(token));
  }
  return true;
}

/// `a if c else b` of Python.
bool HabitReader::trailing_if() {
  if (!word(0, "if")) return false;
  int depth = 0;
  size_t other = 1;
  for (; other < 1000 && next_ + other < in_.size() - 2; ++other) {
    const Token& token = at(other);
    if (token.is(Sign::paren_open) || token.is(Sign::bracket_open) || token.is(Sign::brace_open)) ++depth;
    if ((token.is(Sign::paren_close) || token.is(Sign::bracket_close) || token.is(Sign::brace_close)) && depth-- == 0)
      return false;
    if (depth == 0 && (token.is(Sign::comma) || token.is_word("then") || starts_any(&token))) return false;
    if (depth == 0 && token.is_word("else")) break;
  }
  if (!word(other, "else") || other == 1) return false;
  const size_t start = expression_start();
  if (start >= out_.size()) return false;
  const Span value = cover(out_[start].span, out_.back().span);
  const Span condition = span_of(1, other - 1);
  const Span place = at().span;
  spelled(place, "… if … else …", "if … then … else …", place)
      .fix(Applicability::certain, "put the condition first",
           {{before(value), "if " + source(condition) + " then "}, {{value.file, value.end, condition.end}, ""}});
  std::vector<Token> taken(out_.begin() + static_cast<ptrdiff_t>(start), out_.end());
  out_.resize(start);
  Token leading = make_word("if", place);
  leading.starts_line = std::exchange(taken.front().starts_line, false);
  push(leading);
  leave(1);
  walk(next_ + other - 1);
  push(make_word("then", place));
  out_.insert(out_.end(), taken.begin(), taken.end());
  return true;
}

/// `a as b` in a `select`.
bool HabitReader::alias_behind() {
  if (!word(0, "as") || at(1).kind != TokenKind::word || !in_braces() || at(1).starts_line) return false;
  const bool ends = sign(2, Sign::comma) || sign(2, Sign::brace_close) || (at(2).starts_line && !sign(2, Sign::dot));
  size_t start = expression_start();
  if (start > 0 && out_[start - 1].is_word("case")) --start;
  if (!ends || start == 0 || start >= out_.size()) return false;
  // `total: sum(amount) as total` has its name already.
  if (out_[start - 1].is(Sign::colon) && start > 1 && out_[start - 2].kind == TokenKind::word) {
    const Span words = span_of(0, 1), named = out_[start - 2].span;
    std::vector<Edit> edits = {{{words.file, out_.back().span.end, words.end}, ""}};
    if (source(named) != at(1).text) edits.push_back({named, at(1).text});
    spelled(words, source(named) + ": … " + source(words), at(1).text + ": …", words)
        .fix(Applicability::likely, "name it once", edits);
    out_[start - 2].text = at(1).text;
    leave(2);
    return true;
  }
  if (!out_[start - 1].is(Sign::brace_open) && !out_[start - 1].is(Sign::comma)) return false;
  // `… retain forever as name` and the like name the state of a step.
  for (size_t i = start; i < out_.size(); ++i)
    for (const char* option : {"within", "retain", "emit", "per", "numbered"})
      if (out_[i].is_word(option)) return false;
  const Span value = cover(out_[start].span, out_.back().span);
  const Span place = span_of(0, 1), name = at(1).span;
  spelled(place, "… " + source(place), at(1).text + ": …", place)
      .fix(Applicability::certain, "put the name first",
           {{before(value), source(name) + ": "}, {{value.file, value.end, name.end}, ""}});
  insert(start, at(1));
  insert(start + 1, make_sign(Sign::colon, place));
  leave(2);
  return true;
}

/// `row_number() over (partition by …)`, and `within group (order by …)`.
bool HabitReader::window_function() {
  const bool over = word(0, "over") && sign(1, Sign::paren_open);
  const bool ordered = word(0, "within") && word(1, "group") && sign(2, Sign::paren_open);
  if ((!over && !ordered) || !out_.back().is(Sign::paren_close)) return false;
  const auto close = closing(over ? 1 : 2);
  if (!close) return false;
  const size_t start = operand_start();
  const Span call = cover(out_[start].span, out_.back().span);
  const Span whole = span_of(0, *close);
  const Span place = span_of(0, over ? 0 : 1);
  auto report = lacks(place, over ? "over (…)" : "within group (…)",
                      over ? "a row sees other rows in a `window` with a `group`" : "a `group` has no order", whole);
  if (over)
    report.note(
        "`top 3 by amount desc per k numbered n` ranks the rows of a window, `running per k over 2 rows { before: "
        "previous(x) }` has the row before, and aggregates over the rows up to this one");
  else
    report.note("`min`, `max`, `avg`, `first` and `last` fold the rows of a `group`");
  absorb(cover(call, whole));
  out_.resize(start);
  leave(*close + 1);
  push(make_hole(call));
  return true;
}

/// `sum(x) filter (where c)`.
bool HabitReader::aggregate_filter() {
  if (!word(0, "filter") || !sign(1, Sign::paren_open) || !word(2, "where") || !out_.back().is(Sign::paren_close))
    return false;
  const auto close = closing(1);
  if (!close || *close < 4) return false;
  const Token end = out_.back();
  const bool star = out_[out_.size() - 2].is(Sign::star);
  const bool empty = star || out_[out_.size() - 2].is(Sign::paren_open);
  const Span place = span_of(0, 2);
  const Span from{end.span.file, star ? out_[out_.size() - 2].span.begin : end.span.begin, at(2).span.end};
  spelled(place, "filter (where …)", "where: …", place)
      .fix(Applicability::certain, "make it an argument", {{from, empty ? "where:" : ", where:"}});
  out_.pop_back();
  if (star) out_.pop_back();
  open_.push_back(Sign::paren_open);
  if (!empty) push(make_sign(Sign::comma, place));
  push(make_word("where", at(2).span));
  push(make_sign(Sign::colon, at(2).span));
  leave(3);
  walk(next_ + *close - 3);
  take(1);
  return true;
}

/// `x[0:3]` and `x[-1:]` of Python. The bracket touches its operand: that of `given x [` begins rows, which may lack
/// their brace.
bool HabitReader::slice() {
  if (!sign(0, Sign::bracket_open) || out_.empty() || out_.back().span.end != at(0).span.begin) return false;
  const auto close = closing(0);
  if (!close) return false;
  size_t colon = 1;
  int depth = 0;
  for (; colon < *close; ++colon) {
    const Token& token = at(colon);
    if (token.is(Sign::paren_open) || token.is(Sign::bracket_open) || token.is(Sign::brace_open)) ++depth;
    if (token.is(Sign::paren_close) || token.is(Sign::bracket_close) || token.is(Sign::brace_close)) --depth;
    if (token.is(Sign::question) && depth == 0) return false;
    if (token.is(Sign::colon) && depth == 0) break;
  }
  if (colon == *close) return false;
  const size_t start = operand_start();
  const Span object = cover(out_[start].span, out_.back().span);
  const Span whole = span_of(0, *close);
  const bool open_end = colon + 1 == *close;
  const bool plain = (colon == 1 || (colon == 2 && at(1).kind == TokenKind::number)) &&
                     (open_end || (colon + 2 == *close && at(colon + 1).kind == TokenKind::number));
  std::string arguments = "from, count";
  if (plain) {
    const std::string from = colon == 1 ? "0" : at(1).text;
    arguments = from;
    if (!open_end && from.size() < 10 && at(colon + 1).text.size() < 10)
      arguments += ", " + std::to_string(std::max(0, std::atoi(at(colon + 1).text.c_str()) - std::atoi(from.c_str())));
  }
  auto report = lacks(whole, "x" + source(whole), "`substring` takes part of a text and `slice` part of a list", whole);
  report.note("both take where to begin and how many, and count from 0");
  if (plain) {
    report.fix(Applicability::likely, "for a text, use `substring`", {{whole, ".substring(" + arguments + ")"}});
    report.fix(Applicability::likely, "for a list, use `slice`", {{whole, ".slice(" + arguments + ")"}});
  }
  out_.resize(start);
  leave(*close + 1);
  push(make_hole(object));
  return true;
}

/// `!==`, `<=>` and the `~` of PostgreSQL.
bool HabitReader::odd_signs() {
  if (signs(0, Sign::not_equal, Sign::bind) || signs(0, Sign::not_equal, Sign::equal) ||
      signs(0, Sign::less_equal, Sign::greater)) {
    const bool equal = sign(0, Sign::less_equal);
    const Span place = span_of(0, 1);
    const std::string wanted = equal ? "==" : "!=";
    spelled(place, source(place), wanted, place).fix(Applicability::certain, "use `" + wanted + "`", {{place, wanted}});
    leave(2);
    push(make_sign(equal ? Sign::equal : Sign::not_equal, place));
    return true;
  }
  const size_t tilde = sign(0, Sign::exclamation) ? 1 : 0;
  if (at(tilde).kind != TokenKind::bad || source(at(tilde).span) != "~") return false;
  const size_t width = sign(tilde + 1, Sign::star) || sign(tilde + 1, Sign::bind) ? tilde + 2 : tilde + 1;
  const size_t end = behind_operand(width);
  if (end == width) return false;
  const size_t start = operand_start();
  const Span left = cover(out_[start].span, out_.back().span);
  const Span right = span_of(width, end - 1), place = span_of(0, width - 1);
  std::vector<Edit> edits = {{{left.file, left.end, right.begin}, ".matches("}, {behind(right), ")"}};
  if (tilde == 1) edits.push_back({before(left), "not "});
  spelled(place, source(place), ".matches(…)", place).fix(Applicability::likely, "use `matches`", edits);
  if (tilde == 1) insert(start, make_word("not", left));
  leave(width);
  push(make_sign(Sign::dot, place));
  push(make_word("matches", place));
  push(make_sign(Sign::paren_open, place));
  take(end - width);
  push(make_sign(Sign::paren_close, right));
  return true;
}

/// `at at time zone "Europe/Paris"`.
bool HabitReader::at_time_zone() {
  if (!comes({"at", "time", "zone"})) return false;
  const size_t end = behind_operand(3);
  if (end == 3) return false;
  const Span whole = span_of(0, end - 1);
  lacks(span_of(0, 2), "at time zone", "an instant has no zone, and the functions that read a clock take one", whole)
      .note(
          "`hour(at, \"Europe/Paris\")`, `date(at, \"Europe/Paris\")`, `format(at, \"yyyy-MM-dd HH:mm\", "
          "\"Europe/Paris\")`");
  leave(end);
  return true;
}

}  // namespace braid::grammar
