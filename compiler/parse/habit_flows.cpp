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

bool is_length(const Token& token) {
  return token.kind == TokenKind::duration;
}

}  // namespace

bool HabitReader::kept_rows() {
  if (open_.empty() || out_.empty()) return false;
  return words_of_top() || words_of_running() || words_of_match() || words_of_elements() || emission() ||
         words_of_state() || words_of_session() || words_of_joins() || flow_of_others();
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

/// `top 10 amount desc`, `top 3 per k by x`, `top by x`, `by x descending`, `numbered retain forever`.
bool HabitReader::words_of_top() {
  if (at().starts_line || step_word() != "top" || open_.size() != 1) return false;
  const Token& last = out_.back();
  const Span place = at().span;
  const bool counted = last.kind == TokenKind::number && out_.size() > 1 && out_[out_.size() - 2].is_word("top");
  if (last.is_word("top") && last.starts_line && word(0, "by")) {
    spelled(place, "top by", "top 10 by", {})
        .note("the number says how many rows stay")
        .fix(Applicability::sketch, "say how many", {{before(place), "10 "}});
    push(make_number("10", before(place)));
    take(1);
    return true;
  }
  if (counted && word(0, "order") && word(1, "by")) {
    spelled(span_of(0, 1), "order by", "by", place).fix(Applicability::certain, "use `by`", {{span_of(0, 1), "by"}});
    leave(1);
    take(1);
    return true;
  }
  if (counted && word(0, "per")) {
    // Up to `by`, and behind it the order.
    size_t by = 1;
    while (!at(by).starts_line && !word(by, "by") && at(by).kind != TokenKind::end && !sign(by, Sign::brace_close))
      ++by;
    if (!word(by, "by") || by == 1) return false;
    size_t end = by + 1;
    while (!at(end).starts_line && at(end).kind != TokenKind::end && !sign(end, Sign::brace_close) &&
           !word(end, "numbered") && !word(end, "emit") && !word(end, "retain"))
      ++end;
    if (end == by + 1) return false;
    const Span keys = span_of(0, by - 1), orders = span_of(by, end - 1);
    spelled(keys, "top n per k by x", "top n by x per k", {})
        .fix(Applicability::certain, "put `per` behind", {{cover(keys, orders), source(orders) + " " + source(keys)}});
    const size_t base = next_;
    std::vector<Token> moved(in_.begin() + static_cast<ptrdiff_t>(base),
                             in_.begin() + static_cast<ptrdiff_t>(base + by));
    leave(by);
    take(end - by);
    for (Token& token : moved) push(std::move(token));
    return true;
  }
  const bool begins = at().kind == TokenKind::word || at().kind == TokenKind::number || sign(0, Sign::paren_open);
  if (counted && begins && !word(0, "by") && !word(0, "with") && !word(0, "per"))
    return add_word("by", "top " + last.text + " " + source(place), "top " + last.text + " by " + source(place));
  if (word(0, "descending") || word(0, "descend")) return replace_word("desc", source(place), "desc");
  if (word(0, "ascending") || word(0, "ascend")) return replace_word("asc", source(place), "asc");
  const bool option = (word(0, "retain") && (word(1, "forever") || is_length(at(1)))) ||
                      (word(0, "emit") && at(1).kind == TokenKind::word);
  if (last.is_word("numbered") && option) {
    spelled(last.span, "numbered", "numbered n", {})
        .note("the name is that of the field with the rank")
        .fix(Applicability::sketch, "name the rank", {{before(place), "n "}});
    push(make_word("n", before(place)));
    take(1);
    return true;
  }
  return false;
}

/// `running by k`, `running k`, `over 10 { … }`, `over last 10 rows`, `rows between 9 preceding and current row`.
bool HabitReader::words_of_running() {
  if (at().starts_line || step_word() != "running" || open_.size() != 1) return false;
  const Token& last = out_.back();
  const Span place = at().span;
  if (last.is_word("running") && last.starts_line) {
    if (word(0, "by") && at(1).kind == TokenKind::word) return replace_word("per", "running by", "running per");
    if (at().kind == TokenKind::word && !word(0, "per") && !word(0, "over"))
      return add_word("per", "running " + source(place), "running per " + source(place));
  }
  if (last.is_word("over") && (word(0, "last") || word(0, "the"))) {
    const size_t width = word(1, "last") ? 2 : 1;
    spelled(span_of(0, width - 1), "over " + source(span_of(0, width - 1)), "over", place)
        .fix(Applicability::certain, "leave it out", {{{place.file, place.begin, at(width).span.begin}, ""}});
    leave(width);
    return true;
  }
  if (last.kind == TokenKind::number && out_.size() > 1 && out_[out_.size() - 2].is_word("over") && !word(0, "rows")) {
    if (word(0, "row")) return replace_word("rows", "row", "rows");
    if (!sign(0, Sign::brace_open)) return false;
    spelled(last.span, "over " + last.text, "over " + last.text + " rows", {})
        .note("a number counts rows, this one among them; a time is written `over 7d`")
        .fix(Applicability::likely, "count rows", {{behind(last.span), " rows"}});
    push(make_word("rows", behind(last.span)));
    take(1);
    return true;
  }
  if (!comes({"rows", "between"}) || at(2).kind != TokenKind::number || !word(3, "preceding") || !word(4, "and"))
    return false;
  const bool current = word(5, "current") && word(6, "row");
  if (!current || at(2).text.size() > 6) return false;
  const Span whole = span_of(0, 6);
  const std::string count = std::to_string(std::atoi(at(2).text.c_str()) + 1);
  spelled(whole, source(whole), "over " + count + " rows", whole)
      .note("the number counts this row, too")
      .fix(Applicability::certain, "use `over`", {{whole, "over " + count + " rows"}});
  leave(7);
  push(make_word("over", whole));
  push(make_number(count, whole));
  push(make_word("rows", whole));
  return true;
}

bool HabitReader::in_match() const {
  if (open_.size() != 2 || open_.back() != Sign::brace_open) return false;
  int depth = 0;
  for (size_t i = out_.size(); i-- > 0;) {
    if (out_[i].is(Sign::brace_close)) ++depth;
    if (out_[i].is(Sign::brace_open) && depth-- == 0) {
      for (size_t k = i; k-- > 0;)
        if (out_[k].starts_line && out_[k].kind == TokenKind::word) return out_[k].is_word("match");
      return false;
    }
  }
  return false;
}

/// `match per k { … }`, `match within 10m per k`, `probe+: …`, `probe{3,}`, `hit: where …`, `a followed by b`.
bool HabitReader::words_of_match() {
  const Token& last = out_.back();
  const Span place = at().span;
  if (step_word() == "match" && open_.size() == 1) {
    if (sign(0, Sign::brace_open)) {
      for (size_t i = out_.size(); i-- > 0 && !out_[i].starts_line;)
        if (out_[i].is_word("within")) return false;
      spelled(last.span, "match … {", "match … within 10m {", {})
          .note("`within` counts from the first element: a pattern that has not ended by then is forgotten")
          .fix(Applicability::sketch, "say for how long", {{behind(last.span), " within 10m"}});
      push(make_word("within", behind(last.span)));
      Token length = make_word("10m", behind(last.span));
      length.kind = TokenKind::duration;
      push(std::move(length));
      take(1);
      return true;
    }
    const bool length_first = is_length(last) && out_.size() > 2 && out_[out_.size() - 2].is_word("within") &&
                              out_[out_.size() - 3].is_word("match") && word(0, "per");
    if (length_first) {
      size_t end = 1;
      while (!sign(end, Sign::brace_open) && !at(end).starts_line && at(end).kind != TokenKind::end) ++end;
      if (end == 1 || !sign(end, Sign::brace_open)) return false;
      const Span within = cover(out_[out_.size() - 2].span, last.span), keys = span_of(0, end - 1);
      spelled(keys, "match within d per k", "match per k within d", {})
          .fix(Applicability::certain, "put `within` behind",
               {{cover(within, keys), source(keys) + " " + source(within)}});
      const std::vector<Token> moved(out_.end() - 2, out_.end());
      out_.resize(out_.size() - 2);
      take(end);
      for (const Token& token : moved) push(token);
      return true;
    }
  }
  if (!in_match()) return false;
  const bool begins = last.is(Sign::brace_open) || last.is(Sign::comma);
  const bool named = last.kind == TokenKind::word && out_.size() > 1 &&
                     (out_[out_.size() - 2].is(Sign::brace_open) || out_[out_.size() - 2].is(Sign::comma) ||
                      out_[out_.size() - 2].is_word("no") || out_[out_.size() - 2].is_word("next"));
  if (named && (sign(0, Sign::plus) || sign(0, Sign::star)) && sign(1, Sign::colon)) {
    const bool plus = sign(0, Sign::plus);
    auto report = spelled(place, source(place), "{1..}", place);
    if (!plus) report.note("an element with a quantity has a row at least; `?` makes one that may be missing");
    report.fix(plus ? Applicability::certain : Applicability::likely, "use `{1..}`", {{place, "{1..}"}});
    leave(1);
    push(make_sign(Sign::brace_open, place));
    push(make_number("1", place));
    push(make_sign(Sign::range, place));
    push(make_sign(Sign::brace_close, place));
    return true;
  }
  if (named && sign(0, Sign::brace_open) && at(1).kind == TokenKind::number && sign(2, Sign::comma)) {
    const bool ends = at(3).kind == TokenKind::number;
    const size_t close = ends ? 4 : 3;
    if (!sign(close, Sign::brace_close)) return false;
    const Span whole = span_of(0, close);
    const std::string wanted = "{" + at(1).text + ".." + (ends ? at(3).text : "") + "}";
    spelled(whole, source(whole), wanted, whole).fix(Applicability::certain, "use `..`", {{whole, wanted}});
    take(2);
    push(make_sign(Sign::range, at().span));
    leave(1);
    take(close - 2);
    return true;
  }
  if (last.is(Sign::colon) && word(0, "where") && behind_operand(1) > 1) {
    spelled(place, ": where …", ": …", place)
        .note("what stands behind the colon is the condition")
        .fix(Applicability::certain, "leave it out", {{{place.file, place.begin, at(1).span.begin}, ""}});
    leave(1);
    return true;
  }
  const bool followed = comes({"followed", "by"}), then = word(0, "then") && at(1).kind == TokenKind::word;
  if (!begins && (followed || then) && after_operand()) {
    const size_t width = followed ? 2 : 1;
    const Span words = span_of(0, width - 1);
    spelled(words, source(words), ",", words)
        .note("elements follow each other in their order; `next` before one allows no row between")
        .fix(Applicability::certain, "use a comma", {{{words.file, last.span.end, words.end}, ","}});
    leave(width);
    push(make_sign(Sign::comma, words));
    return true;
  }
  return false;
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
    size_t width = 0;
    std::string wanted;
    if (comes({"on", "window", "close"}) || comes({"after", "window", "close"})) width = 3, wanted = "final";
    if (comes({"after", "watermark"}) || comes({"on", "close"})) width = 2, wanted = "final";
    if (comes({"on", "change"}) || comes({"on", "update"}) || comes({"on", "changes"})) width = 2, wanted = "changes";
    if (word(0, "updates") || word(0, "upserts") || word(0, "immediately")) width = 1, wanted = "changes";
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
