// What other languages write of ranks, running aggregates and patterns: `top 3 x desc`, `running by k`, the frames of
// SQL, and the quantities of regular expressions.
#include "compiler/parse/habit_reader.h"

namespace braid::grammar {

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

bool HabitReader::in_braces_of(std::string_view step) const {
  if (open_.empty() || open_.back() != Sign::brace_open) return false;
  int depth = 0;
  for (size_t i = out_.size(); i-- > 0;) {
    if (out_[i].is(Sign::brace_close)) ++depth;
    if (out_[i].is(Sign::brace_open) && depth-- == 0) {
      for (size_t k = i; k-- > 0;)
        if (out_[k].starts_line && out_[k].kind == TokenKind::word) return out_[k].is_word(step);
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

}  // namespace braid::grammar
