// What other languages write inside of steps: `window tumbling (size 1 hour)`, `hopping 10m advance by 1m`, `5 min`,
// `from a.filter(…)`, `x += 1`, `select * except (a)`, `rename a as b`.
#include <algorithm>

#include "compiler/parse/habit_reader.h"
#include "compiler/parse/literals.h"

namespace braid::grammar {
namespace {

struct Spelling {
  std::string_view foreign, braid;
};
constexpr Spelling kWindows[] = {{"tumble", "tumbling"},     {"fixed", "tumbling"},        {"hop", "hopping"},
                                 {"sliding", "hopping"},     {"slide", "hopping"},         {"rolling", "hopping"},
                                 {"cumulate", "cumulative"}, {"accumulate", "cumulative"}, {"sessions", "session"}};
/// Between the length of a hopping window and how often one begins.
constexpr std::string_view kAdvances[] = {"advance", "advancing", "slide", "sliding", "step", "hop", "by"};

/// Methods of data frames and what their step is here.
constexpr Spelling kMethods[] = {
    {"filter", "where …"},        {"where", "where …"},         {"query", "where …"},
    {"select", "select { … }"},   {"map", "select { … }"},      {"mapValues", "select { … }"},
    {"assign", "let … = …"},      {"withColumn", "let … = …"},  {"with_columns", "let … = …"},
    {"drop", "drop …"},           {"rename", "rename … to …"},  {"withColumnRenamed", "rename … to …"},
    {"join", "join … on …"},      {"merge", "join … on …"},     {"union", "union …"},
    {"groupBy", "group … { … }"}, {"groupby", "group … { … }"}, {"group_by", "group … { … }"}};

std::string_view found_in(std::span<const Spelling> list, std::string_view word) {
  for (const Spelling& each : list)
    if (each.foreign == word) return each.braid;
  return "";
}

std::string length_of(const Token& number, const Token& unit) {
  static constexpr std::string_view kOwn[] = {"us", "ms", "s", "m", "h", "d", "w", "mo", "y"};
  const bool own = std::find(std::begin(kOwn), std::end(kOwn), unit.text) != std::end(kOwn);
  const std::string length = own ? number.text + unit.text : duration_of(number.text + " " + unit.text);
  return duration_parts(length) ? length : "";  // the number may be too large
}

/// What may follow the condition of a join.
bool ends_on(const Token& token) {
  return token.is(Sign::brace_close) || token.is_word("max") || token.is_word("wait") || token.is_word("else") ||
         token.is_word("retain");
}

Token make_duration(std::string text, Span span) {
  Token token;
  token.kind = TokenKind::duration;
  token.text = std::move(text);
  token.span = span;
  return token;
}

}  // namespace

std::string_view HabitReader::step_word() const {
  constexpr size_t kFarthest = 1000;
  for (size_t i = out_.size(); i-- > 0 && out_.size() - i < kFarthest;)
    if (out_[i].starts_line && out_[i].kind == TokenKind::word) return out_[i].text;
  return "";
}

bool HabitReader::step_form() {
  if (open_.empty() || out_.empty()) return false;
  return window_words() || window_in_parentheses() || join_range() || chain_on_source() || added_to() ||
         all_but_some() || words_of_steps();
}

/// `window sliding 5m`, `session 30m`, `hopping 10m advance by 1m`, `tumbling 1m grace 30s`, `1d in Europe/Paris`.
bool HabitReader::window_words() {
  const Token& last = out_.back();
  const bool near = last.is_word("window") || last.is_word("session") || last.kind == TokenKind::duration;
  if (!near || at().starts_line || step_word() != "window") return false;
  const Span place = at().span;
  if (last.is_word("window") && at().kind == TokenKind::word && !sign(1, Sign::dot)) {
    const std::string wanted(found_in(kWindows, at().text));
    if (wanted.empty()) return false;
    auto report = spelled(place, "window " + at().text, "window " + wanted, place);
    const bool length = at(1).kind == TokenKind::duration;
    const bool lacks_step = wanted == "hopping" && length && at(2).starts_line;
    push(make_word(wanted, place));
    leave(1);
    if (!lacks_step) {
      report.fix(Applicability::certain, "use `" + wanted + "`", {{place, wanted}});
      return true;
    }
    report.note("it says how often a window begins, too: `window hopping 10m every 1m`");
    const Token step = at();
    take(1);
    push(make_word("every", step.span));
    push(step);
    return true;
  }
  if (last.is_word("session") && at().kind == TokenKind::duration) {
    spelled(place, "session " + source(place), "session gap " + source(place), place)
        .fix(Applicability::certain, "add `gap`", {{before(place), "gap "}});
    push(make_word("gap", place));
    take(1);
    return true;
  }
  if (last.kind != TokenKind::duration || at().kind != TokenKind::word) return false;
  const bool hops =
      out_.size() > 1 && (out_[out_.size() - 2].is_word("hopping") || out_[out_.size() - 2].is_word("cumulative"));
  if (hops && std::find(std::begin(kAdvances), std::end(kAdvances), at().text) != std::end(kAdvances)) {
    const size_t width = word(1, "by") ? 2 : 1;
    const Span words = span_of(0, width - 1);
    spelled(words, source(words), "every", words).fix(Applicability::certain, "use `every`", {{words, "every"}});
    leave(width);
    push(make_word("every", words));
    return true;
  }
  if (word(0, "grace") || word(0, "lateness") || word(0, "allowed_lateness")) {
    const size_t width = word(1, "period") ? 2 : 1;
    const Span words = span_of(0, width - 1);
    spelled(words, source(words), "late", words).fix(Applicability::certain, "use `late`", {{words, "late"}});
    leave(width);
    push(make_word("late", words));
    return true;
  }
  if (word(0, "in") && at(1).kind == TokenKind::word && sign(2, Sign::slash) && at(3).kind == TokenKind::word) {
    size_t end = 4;
    while (sign(end, Sign::slash) && at(end + 1).kind == TokenKind::word) end += 2;
    const Span zone = span_of(1, end - 1);
    const std::string wanted = "\"" + source(zone) + "\"";
    spelled(zone, source(zone), wanted, zone).fix(Applicability::certain, "write it in quotes", {{zone, wanted}});
    take(1);
    leave(end - 1);
    push(make_text(source(zone), zone));
    return true;
  }
  return false;
}

/// `tumbling (size 1 hour)`, `hopping (size 10 minutes, advance by 1 minute)` of KSQL.
bool HabitReader::window_in_parentheses() {
  if (!sign(0, Sign::paren_open) || at().starts_line || step_word() != "window") return false;
  const std::string kind = out_.back().text;
  if (kind != "tumbling" && kind != "hopping" && kind != "session") return false;
  const auto close = closing(0);
  if (!close) return false;
  std::vector<std::string> lengths;
  for (size_t k = 1; k < *close; ++k) {
    if (at(k).kind == TokenKind::duration) lengths.push_back(at(k).text);
    if (at(k).kind == TokenKind::number && at(k + 1).kind == TokenKind::word)
      if (const std::string length = length_of(at(k), at(k + 1)); !length.empty()) lengths.push_back(length);
  }
  const Span whole = span_of(0, *close);
  const size_t needed = kind == "hopping" ? 2 : 1;
  const bool fits = lengths.size() >= needed;
  if (!fits) lengths.resize(needed, "1m");
  const std::string wanted = kind == "hopping"   ? lengths[0] + " every " + lengths[1]
                             : kind == "session" ? "gap " + lengths[0]
                                                 : lengths[0];
  auto report = spelled(whole, kind + " " + source(whole), kind + " " + wanted, whole);
  if (fits) report.fix(Applicability::certain, "write `" + wanted + "`", {{whole, wanted}});
  if (kind == "session") push(make_word("gap", whole));
  push(make_duration(lengths[0], whole));
  if (kind == "hopping") {
    push(make_word("every", whole));
    push(make_duration(lengths[1], whole));
  }
  leave(*close + 1);
  return true;
}

/// `join … within 1 hour` of KSQL: a length where a range is needed.
bool HabitReader::join_range() {
  if (!out_.back().is_word("within")) return false;
  const std::string_view step = step_word();
  if (step != "join" && step != "left" && step != "right" && step != "full" && step != "semi" && step != "anti")
    return false;
  const bool number = at().kind == TokenKind::number && at(1).kind == TokenKind::word && !at(1).starts_line;
  std::string length = number ? length_of(at(), at(1)) : at().kind == TokenKind::duration ? at().text : "";
  size_t width = number ? 2 : 1;
  if (word(0, "interval") && (at(1).kind == TokenKind::text || at(1).kind == TokenKind::number)) {
    const bool unit = at(2).kind == TokenKind::word && !at(2).starts_line;
    length = duration_of(at(1).text + (unit ? " " + at(2).text : ""));
    width = unit ? 3 : 2;
  }
  if (word(width, "to") || word(width, "and")) return false;
  if (length.empty() || sign(width, Sign::range) || sign(width, Sign::range_below) || sign(width, Sign::plus) ||
      sign(width, Sign::minus))
    return false;
  // `1h before`, `1h after`.
  const bool earlier = word(width, "before") || word(width, "preceding") || word(width, "earlier");
  const bool later = word(width, "after") || word(width, "following") || word(width, "later");
  if (earlier || later) ++width;
  const std::string first = later ? "0s" : length, last = earlier ? "0s" : length;
  const Span place = span_of(0, width - 1);
  const std::string wanted = (later ? "" : "-") + first + ".." + last;
  // KSQL has the length before `on`.
  size_t end = width;
  if (word(width, "on"))
    for (int depth = 0; next_ + end < in_.size() - 2; ++end) {
      if (end > width && depth == 0 && (at(end).starts_line || ends_on(at(end)))) break;
      if (sign(end, Sign::paren_open)) ++depth;
      if (sign(end, Sign::paren_close)) --depth;
    }
  auto report = spelled(place, "within " + source(place), "within " + wanted, place);
  report.note("the range says how far the other row's time may lie from this row's: `0s..1h` is up to an hour later");
  if (end == width) {
    report.fix(Applicability::likely, "write `" + wanted + "`", {{place, wanted}});
    leave(width);
  } else {
    const Span within = out_.back().span;
    report.fix(
        Applicability::likely, "write `within " + wanted + "` behind `on`",
        {{{place.file, within.begin, at(width).span.begin}, ""}, {behind(at(end - 1).span), " within " + wanted}});
    Token word = out_.back();
    out_.pop_back();
    const size_t base = next_;
    leave(width);
    walk(base + end);
    word.starts_line = false;
    push(std::move(word));
  }
  if (!later) push(make_sign(Sign::minus, place));
  push(make_duration(first, place));
  push(make_sign(Sign::range, place));
  push(make_duration(last, place));
  return true;
}

/// `5 min`, `1 hour`, `10 s`.
bool HabitReader::length_with_blank() {
  if (at().kind != TokenKind::number || at().number != ast::NumberKind::integer || at(1).kind != TokenKind::word ||
      at(1).starts_line || at(1).quoted || sign(2, Sign::colon))
    return false;  // a name before a colon begins the next entry
  const std::string wanted = length_of(at(), at(1));
  if (wanted.empty()) return false;
  const Span place = span_of(0, 1);
  spelled(place, source(place), wanted, place).fix(Applicability::certain, "write `" + wanted + "`", {{place, wanted}});
  Token token = make_duration(wanted, place);
  token.starts_line = at().starts_line;
  leave(2);
  push(std::move(token));
  return true;
}

/// `from a.filter(…).select(…)` of data frames.
bool HabitReader::chain_on_source() {
  if (!word(0, "from") || at(1).kind != TokenKind::word) return false;
  size_t end = 2;
  while (sign(end, Sign::dot) && at(end + 1).kind == TokenKind::word && sign(end + 2, Sign::paren_open)) {
    const auto close = closing(end + 2);
    if (!close) return false;
    end = *close + 1;
  }
  if (end == 2) return false;
  const Span place = span_of(2, 3);
  const std::string_view step = found_in(kMethods, at(3).text);
  const Span chain = span_of(2, end - 1);
  spelled(place, "." + at(3).text + "(…)", step.empty() ? "where …" : std::string(step), chain)
      .note("the steps stand below `from`, one a line: `where x > 1`, `let y = 2 * x`, `select { x, y }`");
  take(2);
  leave(end - 2);
  Token hole = make_hole(chain);
  hole.starts_line = true;
  push(std::move(hole));
  return true;
}

/// `total += amount`.
bool HabitReader::added_to() {
  if (!at().starts_line || at().kind != TokenKind::word || open_.size() != 1) return false;
  if (!signs(1, Sign::plus, Sign::bind) && !signs(1, Sign::minus, Sign::bind) && !signs(1, Sign::star, Sign::bind))
    return false;
  const std::string& name = at().text;
  const Span place = span_of(1, 2), operation = at(1).span;
  spelled(place, name + " " + source(place) + " …", "let " + name + " = " + name + " " + source(operation) + " …",
          place)
      .note("a row does not see the rows before it: `sum` in a `group` adds them up")
      .fix(Applicability::likely, "use `let`",
           {{before(at().span), "let "}, {place, "= " + name + " " + source(operation)}});
  Token leading = make_word("let", at().span);
  leading.starts_line = true;
  Token again = at();
  again.starts_line = false;
  push(std::move(leading));
  push(again);
  push(make_sign(Sign::bind, place));
  push(again);
  push(at(1));
  leave(3);
  return true;
}

/// `select * except (a, b)`.
bool HabitReader::all_but_some() {
  const bool but = word(2, "except") || word(2, "exclude");
  if (!word(0, "select") || !sign(1, Sign::star) || !but || at(2).starts_line) return false;
  const bool parentheses = sign(3, Sign::paren_open);
  const auto close = parentheses ? closing(3) : std::optional<size_t>(4);
  const size_t first = parentheses ? 4 : 3;
  if (!close || *close <= first) return false;
  const Span whole = span_of(0, parentheses ? *close : 3);
  const std::string fields = source(span_of(first, *close - 1));
  spelled(span_of(0, 2), source(span_of(0, 2)) + " …", "drop …", {})
      .fix(Applicability::certain, "use `drop`", {{whole, "drop " + fields}});
  Token leading = make_word("drop", at().span);
  leading.starts_line = at().starts_line;
  push(std::move(leading));
  leave(first);
  take(*close - first);
  if (parentheses) leave(1);
  return true;
}

/// `rename a as b`, `drop (a, b)`, `last by k`, `union a, b`, `asof join`, `for system_time as of at`.
bool HabitReader::words_of_steps() {
  const Span place = at().span;
  if (word(0, "as") && open_.size() == 1 && !at().starts_line && step_word() == "rename") {
    spelled(place, "as", "to", place).fix(Applicability::certain, "use `to`", {{place, "to"}});
    push(make_word("to", place));
    leave(1);
    return true;
  }
  if (out_.back().is_word("drop") && out_.back().starts_line && sign(0, Sign::paren_open)) {
    const auto close = closing(0);
    if (!close || *close == 1) return false;
    const Span whole = span_of(0, *close), end = at(*close).span;
    spelled(whole, "drop " + source(whole), "drop " + source(span_of(1, *close - 1)), whole)
        .fix(Applicability::certain, "leave out the parentheses", {{place, ""}, {end, ""}});
    leave(1);
    take(*close - 1);
    leave(1);
    return true;
  }
  if (out_.back().is_word("last") && out_.back().starts_line && word(0, "by")) {
    spelled(place, "last by", "last per", place).fix(Applicability::certain, "use `per`", {{place, "per"}});
    push(make_word("per", place));
    leave(1);
    return true;
  }
  const bool joins = out_.back().is_word("join") && (word(1, "from") || word(1, "select"));
  if ((joins || (out_.back().is_word("union") && out_.back().starts_line)) && sign(0, Sign::paren_open)) {
    const auto close = closing(0);
    if (!close) return false;
    const std::string name = out_.back().text;
    lacks(place, name + " (…)", "`" + name + "` takes the name of a stream or a view", span_of(0, *close))
        .note("`view other { from … }` beside the others, and `" + name + " other` here");
    leave(*close + 1);
    push(make_hole(place));
    return true;
  }
  if (sign(0, Sign::comma) && open_.size() == 1 && at(1).kind == TokenKind::word && step_word() == "union") {
    spelled(place, ", " + at(1).text, "union " + at(1).text, place)
        .fix(Applicability::certain, "make it a step of its own",
             {{{place.file, place.begin, at(1).span.begin}, "\n  union "}});
    Token leading = make_word("union", place);
    leading.starts_line = true;
    push(std::move(leading));
    leave(1);
    return true;
  }
  if (word(0, "asof") && (word(1, "join") || word(1, "left"))) {
    spelled(span_of(0, 1), source(span_of(0, 1)), at(1).text, place)
        .note("a join with a table takes the version that is valid at the row's time")
        .fix(Applicability::certain, "leave out `asof`", {{{place.file, place.begin, at(1).span.begin}, ""}});
    in_[next_ + 1].starts_line = at().starts_line;
    leave(1);
    take(1);
    return true;
  }
  if (word(0, "asof") && out_.back().is_word("join") && at(1).kind == TokenKind::word && !word(1, "as")) {
    spelled(place, "join asof", "join", place)
        .note("a join with a table takes the version that is valid at the row's time")
        .fix(Applicability::certain, "leave out `asof`", {{{place.file, place.begin, at(1).span.begin}, ""}});
    leave(1);
    return true;
  }
  if (comes({"for", "system_time", "as", "of"})) {
    const size_t end = behind_operand(4);
    const Span whole = span_of(0, end - 1);
    lacks(span_of(0, 3), "for system_time as of", "a join with a table takes the version of the row's own time", whole)
        .fix(Applicability::certain, "leave it out", {{{place.file, out_.back().span.end, whole.end}, ""}});
    leave(end);
    return true;
  }
  return false;
}

/// `where a > 1, b > 2`, `let a = 1, b = 2`, and the `1,000` of English.
bool HabitReader::comma_between() {
  if (!sign(0, Sign::comma) || open_.size() != 1) return false;
  const std::string_view step = step_word();
  const Span place = at().span;
  const Token& last = out_.back();
  const bool thousands = last.kind == TokenKind::number && last.number == ast::NumberKind::integer &&
                         at(1).kind == TokenKind::number && at(1).text.size() == 3 && last.text.size() < 4 &&
                         last.span.end == place.begin && place.end == at(1).span.begin;
  if (thousands) {
    const Span whole = cover(last.span, at(1).span);
    const std::string wanted = last.text + "_" + at(1).text;
    spelled(whole, source(whole), wanted, whole).fix(Applicability::certain, "use `_`", {{place, "_"}});
    out_.back() = make_hole(whole);
    leave(2);
    return true;
  }
  if (step == "where" || step == "on") {
    spelled(place, ",", "and", place).fix(Applicability::likely, "use `and`", {{place, " and"}});
    push(make_word("and", place));
    leave(1);
    return true;
  }
  if (step == "let" && at(1).kind == TokenKind::word && sign(2, Sign::bind)) {
    spelled(place, ", " + at(1).text + " = …", "let " + at(1).text + " = …", place)
        .fix(Applicability::certain, "make it a step of its own",
             {{{place.file, place.begin, at(1).span.begin}, "\n  let "}});
    Token leading = make_word("let", place);
    leading.starts_line = true;
    push(std::move(leading));
    leave(1);
    in_[next_].starts_line = false;
    return true;
  }
  return false;
}

}  // namespace braid::grammar
