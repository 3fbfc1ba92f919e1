// What other languages write around the steps that keep rows: `top 3 x desc`, `running by k`, `match` with the
// quantities of regular expressions, `explode xs`, `emit on window close`, `ttl 30d`, and flows of dbt, Flink and Kafka
// Streams.
#include <algorithm>

#include "compiler/parse/habit_reader.h"

namespace braid::grammar {
namespace {

struct Spelling {
  std::string_view foreign, braid;
};
constexpr Spelling kKeeps[] = {{"ttl", "retain"}, {"keep", "retain"}, {"retention", "retain"}, {"expire", "retain"}};
constexpr Spelling kPicks[] = {
    {"last", "nearest"}, {"newest", "nearest"}, {"closest", "nearest"}, {"recent", "nearest"}};
constexpr Spelling kElements[] = {
    {"explode", "unnest"}, {"flatten", "unnest"}, {"expand", "unnest"}, {"posexplode", "unnest"}};
constexpr Spelling kMethods[] = {{"filter", "where …"},
                                 {"filterNot", "where not …"},
                                 {"map", "select { … }"},
                                 {"mapValues", "select { … }"},
                                 {"selectKey", "key … above the brace"},
                                 {"flatMapValues", "unnest … as …"},
                                 {"groupBy", "group … { … }"},
                                 {"peek", "nothing: `dry-run` shows rows"},
                                 {"foreach", "nothing: `dry-run` shows rows"}};

std::string_view found_in(std::span<const Spelling> list, const Token& token) {
  for (const Spelling& each : list)
    if (token.is_word(each.foreign)) return each.braid;
  return "";
}

}  // namespace

bool HabitReader::kept_rows() {
  if (open_.empty() || out_.empty()) return false;
  return words_of_top() || words_of_running() || words_of_match() || words_of_elements() || emission() ||
         words_of_state() || words_of_session() || words_of_joins() || words_of_groups() || flow_of_others();
}

/// One word for another, at the same place.
bool HabitReader::replace_word(std::string_view wanted, std::string found, std::string shown, std::string_view note) {
  const Span place = at().span;
  auto report = spelled(place, std::move(found), std::move(shown), place);
  if (!note.empty()) report.note(std::string(note));
  report.fix(Applicability::certain, "use `" + std::string(wanted) + "`", {{place, std::string(wanted)}});
  Token token = make_word(std::string(wanted), place);
  token.starts_line = at().starts_line;
  leave(1);
  push(std::move(token));
  return true;
}

/// A word that is missing before what comes.
bool HabitReader::add_word(std::string_view missing, std::string found, std::string shown) {
  const Span place = at().span;
  spelled(place, std::move(found), std::move(shown), {})
      .fix(Applicability::certain, "add `" + std::string(missing) + "`", {{before(place), std::string(missing) + " "}});
  push(make_word(std::string(missing), before(place)));
  take(1);
  return true;
}

/// `explode xs as x`, `cross join unnest(xs) as x`, `lateral view explode(xs) t as x`, `unnest xs` without a name.
bool HabitReader::words_of_elements() {
  if (open_.size() != 1) return false;
  const Span place = at().span;
  if (at().starts_line && at().kind == TokenKind::word) {
    size_t name = 0;
    if (comes({"cross", "join"}) || comes({"lateral", "view"})) name = 2;
    if (name == 2 && (word(2, "lateral") || word(2, "outer"))) name = 3;
    const std::string_view known = found_in(kElements, at(name));
    const bool foreign = !known.empty() && at(name + 1).kind != TokenKind::sign;
    const bool call = (!known.empty() || word(name, "unnest")) && sign(name + 1, Sign::paren_open);
    if ((name == 0 && foreign) || call) {
      const auto close = call ? closing(name + 1) : std::nullopt;
      const bool enclosed = call && close && *close > name + 2;
      if (call && !enclosed) return false;
      if (name == 0 && word(0, "unnest")) return false;
      const size_t behind_list = enclosed ? *close + 1 : behind_operand(name + 1);
      const bool table_name = at(behind_list).kind == TokenKind::word && !at(behind_list).starts_line &&
                              !word(behind_list, "as") && word(behind_list + 1, "as");
      const Span list = enclosed ? span_of(name + 2, *close - 1) : span_of(name + 1, behind_list - 1);
      const size_t end = behind_list + (table_name ? 1 : 0);
      const Span whole = span_of(0, end - 1);
      spelled(span_of(0, name), source(span_of(0, name)), "unnest", {})
          .fix(Applicability::certain, "use `unnest`", {{whole, "unnest " + source(list)}});
      Token leading = make_word("unnest", place);
      leading.starts_line = true;
      push(std::move(leading));
      const size_t base = next_;
      leave(enclosed ? name + 2 : name + 1);
      take(base + (enclosed ? *close : behind_list) - next_);
      leave(base + end - next_);
      return true;
    }
  }
  if (word(0, "unnest") && at().starts_line && at(1).kind == TokenKind::word && word(2, "in")) {
    const size_t end = behind_operand(3);
    if (end == 3 || word(end, "as")) return false;
    const Span whole = span_of(0, end - 1), list = span_of(3, end - 1);
    const Token name = at(1);
    spelled(whole, "unnest " + name.text + " in " + source(list), "unnest " + source(list) + " as " + name.text, {})
        .fix(Applicability::certain, "use `as`", {{whole, "unnest " + source(list) + " as " + name.text}});
    take(1);
    leave(2);
    take(end - 3);
    push(make_word("as", name.span));
    push(name);
    return true;
  }
  // The step ends without `as`.
  const bool ends = at().starts_line || sign(0, Sign::brace_close);
  if (!ends || step_word() != "unnest" || !after_operand()) return false;
  size_t first = out_.size();
  while (first > 0 && !out_[first - 1].is_word("unnest")) {
    --first;
    if (out_[first].is_word("as")) return false;
  }
  if (first == 0 || first == out_.size() || !out_[first - 1].starts_line) return false;
  std::string name = out_.back().kind == TokenKind::word ? out_.back().text : "element";
  if (name.size() > 3 && name.ends_with("ies"))
    name = name.substr(0, name.size() - 3) + "y";
  else if (name.size() > 2 && name.ends_with('s'))
    name.pop_back();
  else
    name = "element";
  const Span list = cover(out_[first].span, out_.back().span);
  spelled(list, "unnest " + source(list), "unnest " + source(list) + " as " + name, {})
      .note("the name is that of the field with the element: `" + name + ".…` reads what is in it")
      .fix(Applicability::likely, "name the element", {{behind(list), " as " + name}});
  push(make_word("as", behind(list)));
  push(make_word(name, behind(list)));
  return true;
}

/// `emit on window close`, `emit after watermark`, `emit on change`, `emit 10s`; `emit` behind a `window`.
bool HabitReader::emission() {
  if (open_.size() != 1) return false;
  const Span place = at().span;
  if (out_.back().is_word("emit")) {
    if (is_length(at())) return add_word("every", "emit " + source(place), "emit every " + source(place));
    if (word(0, "early") && word(1, "every")) {
      const Span early = at().span;
      spelled(early, "emit early every", "emit every", early)
          .fix(Applicability::certain, "leave out `early`", {{{early.file, early.begin, at(1).span.begin}, ""}});
      leave(1);
      return true;
    }
    size_t width = 0;
    std::string wanted;
    if (comes({"on", "window", "close"}) || comes({"after", "window", "close"})) width = 3, wanted = "final";
    if (comes({"after", "watermark"}) || comes({"on", "close"})) width = 2, wanted = "final";
    if (comes({"on", "change"}) || comes({"on", "update"}) || comes({"on", "changes"})) width = 2, wanted = "changes";
    if (word(0, "early") || word(0, "updates") || word(0, "upserts") || word(0, "immediately"))
      width = 1, wanted = "changes";
    if (width == 0) return false;
    const Span words = span_of(0, width - 1);
    spelled(words, "emit " + source(words), "emit " + wanted, words)
        .fix(Applicability::certain, "use `" + wanted + "`", {{words, wanted}});
    leave(width);
    push(make_word(wanted, words));
    return true;
  }
  if (!word(0, "emit") || at().starts_line || step_word() != "window") return false;
  size_t end = 1;
  while (!at(end).starts_line && !sign(end, Sign::brace_close) && at(end).kind != TokenKind::end) ++end;
  const Span whole = span_of(0, end - 1);
  lacks(whole, "window … emit", "when results go out is said behind the step that makes them", whole)
      .note("`group k { n: count() } emit final`; without it each window gives its rows once, when it has closed")
      .fix(Applicability::likely, "leave it out here", {{{whole.file, out_.back().span.end, whole.end}, ""}});
  leave(end);
  return true;
}

/// `ttl 30d`, `keep forever`, `retain for ever`.
bool HabitReader::words_of_state() {
  if (open_.size() != 1 || at().starts_line) return false;
  const std::string_view step = step_word();
  if (step != "group" && step != "top" && step != "last" && step != "running" && step != "join" && step != "distinct")
    return false;
  const Span place = at().span;
  if (step == "group" && (word(0, "agg") || word(0, "aggregate") || word(0, "aggregates")) &&
      sign(1, Sign::brace_open) && after_operand()) {
    spelled(place, source(place) + " { … }", "{ … }", place)
        .fix(Applicability::certain, "leave it out", {{{place.file, place.begin, at(1).span.begin}, ""}});
    leave(1);
    return true;
  }
  const bool length = is_length(at(1)) || word(1, "forever") || (sign(1, Sign::bind) && is_length(at(2)));
  if (const std::string_view wanted = found_in(kKeeps, at()); !wanted.empty() && length) {
    const bool bound = sign(1, Sign::bind);
    const Span words = span_of(0, bound ? 1 : 0);
    spelled(words, source(words), "retain", words).fix(Applicability::certain, "use `retain`", {{words, "retain"}});
    leave(bound ? 2 : 1);
    push(make_word("retain", place));
    return true;
  }
  if (!out_.back().is_word("retain") || !comes({"for", "ever"})) return false;
  const Span words = span_of(0, 1);
  spelled(words, "for ever", "forever", words).fix(Applicability::certain, "use `forever`", {{words, "forever"}});
  leave(2);
  push(make_word("forever", words));
  return true;
}

/// `session timeout 30m`, `session per k gap 30m`, `span a to b`.
bool HabitReader::words_of_session() {
  if (step_word() != "window" || at().starts_line || open_.size() != 1) return false;
  const Span place = at().span;
  if (out_.back().is_word("session")) {
    for (const std::string_view other : {"timeout", "inactivity", "idle", "interval", "with_gap"})
      if (word(0, other) && is_length(at(1)))
        return replace_word("gap", "session " + std::string(other), "session gap");
    if (word(0, "per") || word(0, "by")) {
      size_t end = 1;
      while (!at(end).starts_line && !word(end, "gap") && at(end).kind != TokenKind::end) ++end;
      if (!word(end, "gap") || end == 1) return false;
      const Span whole = span_of(0, end - 1);
      lacks(whole, "session " + source(whole), "sessions are of the keys of the `group` behind them", whole)
          .fix(Applicability::certain, "leave it out", {{{place.file, place.begin, at(end).span.begin}, ""}});
      leave(end);
      return true;
    }
  }
  // `window 1h`, `window tumbling size 1h`, `window tumbling 60`.
  const Token& last = out_.back();
  const bool kind = last.is_word("tumbling") || last.is_word("hopping");
  if (last.is_word("window") && last.starts_line && is_length(at()))
    return add_word("tumbling", "window " + source(place), "window tumbling " + source(place));
  if (kind && (word(0, "size") || word(0, "of")) && is_length(at(1))) {
    spelled(place, last.text + " " + source(place), last.text, place)
        .fix(Applicability::certain, "leave it out", {{{place.file, place.begin, at(1).span.begin}, ""}});
    leave(1);
    return true;
  }
  if (kind && at().kind == TokenKind::number && at().number == ast::NumberKind::integer && at(1).starts_line) {
    const std::string wanted = at().text + "s";
    spelled(place, last.text + " " + at().text, last.text + " " + wanted, place)
        .note("lengths have a unit: `10s`, `5m`, `1h`, `1d`")
        .fix(Applicability::sketch, "say which unit", {{place, wanted}});
    Token token = make_word(wanted, place);
    token.kind = TokenKind::duration;
    leave(1);
    push(std::move(token));
    return true;
  }
  // `span a to b`.
  if (!word(0, "to") || !after_operand()) return false;
  bool span = false;
  for (size_t i = out_.size(); i-- > 0 && !out_[i].starts_line;) span |= out_[i].is_word("span");
  if (!span) return false;
  const Span gap{place.file, out_.back().span.end, at(1).span.begin};
  spelled(place, "to", "..", place).fix(Applicability::certain, "use `..`", {{gap, ".."}});
  leave(1);
  push(make_sign(Sign::range, place));
  return true;
}

/// `join last payment as p`, `within 0s to 1h`, `within 0s..1h on …`.
bool HabitReader::words_of_joins() {
  if (open_.size() != 1 || at().starts_line) return false;
  const Span place = at().span;
  if (out_.back().is_word("join")) {
    const std::string_view wanted = found_in(kPicks, at());
    if (wanted.empty() || at(1).kind != TokenKind::word || at(1).starts_line || word(1, "as") || word(1, "on"))
      return false;
    return replace_word(wanted, "join " + source(place), "join " + std::string(wanted),
                        "the match that is nearest in time, in the range that `within` says: `within -1h..0s` looks "
                        "back an hour");
  }
  bool within = false;
  for (size_t i = out_.size(); i-- > 0 && out_.size() - i < 8;)
    if (out_[i].is_word("within")) {
      within = true;
      break;
    } else if (out_[i].kind == TokenKind::word) {
      break;
    }
  if (!within) return false;
  if ((word(0, "to") || word(0, "and")) && is_length(out_.back()) &&
      (is_length(at(1)) || (sign(1, Sign::minus) && is_length(at(2))))) {
    const Span gap{place.file, out_.back().span.end, at(1).span.begin};
    spelled(place, source(place), "..", place).fix(Applicability::certain, "use `..`", {{gap, ".."}});
    leave(1);
    push(make_sign(Sign::range, place));
    return true;
  }
  if (!word(0, "on") || !is_length(out_.back())) return false;
  size_t begin = out_.size();
  while (begin > 0 && !out_[begin - 1].is_word("within")) --begin;
  bool range = false;
  for (size_t i = begin; i < out_.size(); ++i) range |= out_[i].is(Sign::range);
  if (begin < 2 || !range) return false;
  --begin;
  size_t end = 1;
  for (int depth = 0; next_ + end < in_.size() - 2; ++end) {
    if (depth == 0 && (at(end).starts_line || sign(end, Sign::brace_close) || word(end, "max") || word(end, "wait") ||
                       word(end, "else") || word(end, "retain")))
      break;
    if (sign(end, Sign::paren_open)) ++depth;
    if (sign(end, Sign::paren_close)) --depth;
  }
  const Span clause = cover(out_[begin].span, out_.back().span), condition = span_of(0, end - 1);
  spelled(clause, "within … on …", "on … within …", {})
      .fix(Applicability::certain, "put `on` before it",
           {{cover(clause, condition), source(condition) + " " + source(clause)}});
  const std::vector<Token> moved(out_.begin() + static_cast<ptrdiff_t>(begin), out_.end());
  out_.resize(begin);
  const size_t base = next_;
  walk(base + end);
  for (const Token& token : moved) push(token);
  return true;
}

/// `from {{ ref("order") }}` of dbt, `from tumble(table order, …)` of Flink, `filter((k, v) -> …)` of Kafka Streams,
/// `match_recognize (…)`.
bool HabitReader::flow_of_others() {
  const Span place = at().span;
  if (out_.back().is_word("from") && signs(0, Sign::brace_open, Sign::brace_open) && at(2).kind == TokenKind::word &&
      sign(3, Sign::paren_open)) {
    const auto close = closing(0);
    const auto call = closing(3);
    if (!close || !call || at(*call - 1).kind != TokenKind::text) return false;
    const Span whole = span_of(0, *close);
    const std::string name = at(*call - 1).text;
    spelled(whole, source(whole), name, whole)
        .note("relations are found by their names, in all files of the domain")
        .fix(Applicability::likely, "use `" + name + "`", {{whole, name}});
    leave(*close + 1);
    push(make_word(name, whole));
    return true;
  }
  const bool windows = word(0, "tumble") || word(0, "hop") || word(0, "cumulate") || word(0, "session");
  if (out_.back().is_word("from") && windows && sign(1, Sign::paren_open) && word(2, "table")) {
    const auto close = closing(1);
    if (!close || at(3).kind != TokenKind::word) return false;
    std::vector<std::string> lengths;
    for (size_t k = 4; k < *close; ++k) {
      const bool number = at(k).kind == TokenKind::text || at(k).kind == TokenKind::number;
      const std::string length =
          is_length(at(k)) ? at(k).text
          : number         ? duration_of(at(k).text + (at(k + 1).kind == TokenKind::word ? " " + at(k + 1).text : ""))
                           : "";
      if (!length.empty()) lengths.push_back(length);
    }
    const bool two = word(0, "hop") || word(0, "cumulate");
    const std::string kind = word(0, "tumble")    ? "tumbling"
                             : word(0, "hop")     ? "hopping"
                             : word(0, "session") ? "session gap"
                                                  : "cumulative";
    if (lengths.size() < (two ? 2U : 1U)) return false;
    // Flink has the step before the length.
    const std::string step = two ? lengths[1] + " every " + lengths[0] : lengths[0];
    const Span whole = span_of(0, *close), name = at(3).span;
    const std::string wanted = source(name) + "\n  window " + kind + " " + step;
    spelled(whole, "from " + at().text + "(table …)", "window " + kind + " " + step, whole)
        .note("a window is a step of its own, below `from`")
        .fix(Applicability::likely, "make it a step", {{whole, wanted}});
    Token relation = at(3);
    leave(*close + 1);
    push(std::move(relation));
    Token leading = make_word("window", whole);
    leading.starts_line = true;
    push(std::move(leading));
    push(make_word(kind == "session gap" ? "session" : kind, whole));
    if (kind == "session gap") push(make_word("gap", whole));
    auto add_length = [&](const std::string& text) {
      Token token = make_word(text, whole);
      token.kind = TokenKind::duration;
      push(std::move(token));
    };
    add_length(two ? lengths[1] : lengths[0]);
    if (two) {
      push(make_word("every", whole));
      add_length(lengths[0]);
    }
    return true;
  }
  // `to file "x"` among the steps.
  if (open_.size() == 1 && at().starts_line && word(0, "to") && (word(1, "file") || word(1, "topic")) &&
      at(2).kind == TokenKind::text && item_ == "product") {
    const size_t end = behind_line();
    const Span line = span_of(0, end - 1);
    size_t brace = out_.size();
    while (brace > 0 && !out_[brace - 1].is(Sign::brace_open)) --brace;
    auto report = lacks(span_of(0, 1), source(span_of(0, 1)) + " … in a flow",
                        "where a product goes is said above its brace", line);
    if (brace > 0 && out_[brace].is_word("from"))
      report.fix(
          Applicability::likely, "put it above the brace",
          {{before(out_[brace - 1].span), source(line) + " "}, {{line.file, out_.back().span.end, line.end}, ""}});
    leave(end);
    return true;
  }
  if (open_.size() != 1 || !at().starts_line || at().kind != TokenKind::word || !sign(1, Sign::paren_open))
    return false;
  const auto close = closing(1);
  if (!close) return false;
  const Span whole = span_of(0, *close);
  auto hole = [&] {
    leave(*close + 1);
    Token token = make_hole(whole);
    token.starts_line = true;
    push(std::move(token));
    return true;
  };
  if (word(0, "match_recognize")) {
    lacks(place, "match_recognize", "a pattern is a step with its elements", whole)
        .note(
            "`match per k within 10m { small{1..}: amount < 5, big: amount > 500 }`: elements in their order, each "
            "with "
            "its condition, which may read those before it");
    return hole();
  }
  bool lambda = false;
  for (size_t k = 2; k < *close; ++k) lambda |= sign(k, Sign::arrow) || sign(k, Sign::lambda);
  const std::string_view step = found_in(kMethods, at());
  if (!step.empty() && lambda) {
    spelled(place, at().text + "(…)", std::string(step), whole)
        .note("fields stand alone in a step: `where status == \"paid\"`, `select { id, amount }`");
    return hole();
  }
  if (!word(0, "to") && !word(0, "through")) return false;
  lacks(place, at().text + "(…)", "where a product goes is said above its brace", whole)
      .note("`product paid version 1 to topic \"paid\" format json { from … }`");
  return hole();
}

}  // namespace braid::grammar
