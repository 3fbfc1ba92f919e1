// What other languages write where a step or an item begins: SQL statements, `order by`, `limit`, `x = 1`, `def f(x):`,
// and the verbs of pipelines such as `filter` and `mutate`.
#include <algorithm>
#include <array>

#include "compiler/parse/habit_reader.h"

namespace braid::grammar {
namespace {

bool is_one_of(const Token& token, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return token.is_word(word); });
}

struct Verb {
  std::string_view foreign;
  std::string_view step;  ///< empty: there is none
  std::string_view instead;
};
/// Steps of dplyr, PRQL, KQL, Spark and their like.
constexpr Verb kVerbs[] = {
    {"filter", "where", ""},
    {"derive", "let", ""},
    {"extend", "let", ""},
    {"mutate", "let", ""},
    {"assign", "let", ""},
    {"eval", "let", ""},
    {"project", "select", ""},
    {"map", "select", ""},
    {"summarize", "group", ""},
    {"summarise", "group", ""},
    {"aggregate", "group", ""},
    {"groupby", "group", ""},
    {"stats", "group", ""},
    {"sort", "", "rows come in the order in which they happen, and are sorted where they are read"},
    {"take", "", "a stream has no end to be cut off; `where` keeps rows, `dry-run` shows the first ones"},
    {"head", "", "a stream has no end to be cut off; `where` keeps rows, `dry-run` shows the first ones"},
    {"sample", "", "`where xxhash64(string(id)) % 100 == 0` keeps one row in a hundred"},
    {"pivot", "", "a `group` with one `sum(x, where: …)` for each column gives columns"},
    {"print", "", "`dry-run` shows the rows of a product"},
};

}  // namespace

bool HabitReader::statement() {
  // `| where …` and `|> …` of pipelines.
  if (at().starts_line && sign(0, Sign::bar) && !open_.empty()) {
    const size_t width = signs(0, Sign::bar, Sign::greater) ? 2 : 1;
    if (at(width).kind == TokenKind::word && at(width).span.begin >= at().span.end) {
      const Span place = span_of(0, width - 1);
      lacks(place, source(place), "each step begins a line of its own", place)
          .fix(Applicability::certain, "leave it out", {{{place.file, place.begin, at(width).span.begin}, ""}});
      leave(width);
      in_[next_].starts_line = true;
      return true;
    }
  }
  if (select_list() || union_all() || join_words() || from_list()) return true;
  if (!at().starts_line || at().kind != TokenKind::word || at().quoted) return false;
  if (open_.empty()) {
    if (in_header_ || !(sql_item() || code_item())) return false;
    in_header_ = false;
    return true;
  }
  if (!out_.empty() && out_.back().is(Sign::comma)) return false;
  return order_and_limit() || sql_step() || pipeline_step() || assignment();
}

/// `create table …`, `insert into …`, `with x as (…)`, and a query that stands alone.
bool HabitReader::sql_item() {
  std::string found, instead, note;
  size_t name = 0;  // where the name stands that the statement gives
  bool table = false;
  if (word(0, "create")) {
    size_t kind = 1;
    while (
        is_one_of(at(kind), {"or", "replace", "temporary", "temp", "external", "unlogged", "materialized", "source"}))
      ++kind;
    if (at(kind).kind != TokenKind::word) return false;
    name = kind + 1;
    if (word(name, "if")) name += 3;  // if not exists
    found = source(span_of(0, kind));
    table = word(kind, "table") || word(kind, "stream");
    const bool view = word(kind, "view");
    if (word(kind, "function")) {
      instead = "a function is declared by `function`";
      note = "`function doubled(x: int) -> int = 2 * x`";
    } else if (table) {
      instead = "a `stream` or a `table` declares what is read, and where from";
      note = "`stream payment time at { id: int, amount: decimal(12,2), at: timestamp }`";
    } else {
      instead = view ? "a `view` is declared by its name and its flow"
                     : "a script declares streams, tables, views and products";
      note = "`view large { from payment where amount > 100 }`, and `product` for what is written";
    }
  } else if (word(0, "insert") && word(1, "into")) {
    found = "insert into";
    instead = "a `product` names what is written, and `to` says where";
    note = "`product large version 1 to file \"large.ndjson\" format json { from payment where amount > 100 }`";
    name = 2;
  } else if (word(0, "with") && (word(2, "as") || sign(2, Sign::paren_open)) && at(1).kind == TokenKind::word) {
    found = "with … as (…)";
    instead = "a query with a name is a `view`";
    note = "`view " + at(1).text + " { from … }`, and `from " + at(1).text + "` where it is read";
    name = 1;
  } else if (is_one_of(at(), {"select", "update", "merge", "alter", "truncate", "grant", "drop", "explain", "begin",
                              "commit", "from", "delete", "set"}) &&
             (at(1).kind == TokenKind::word || sign(1, Sign::star))) {
    const bool query = word(0, "select") || word(0, "from");
    found = word(0, "from") && (word(2, "import") || word(3, "import")) ? "from … import" : at().text;
    if (found == "from … import") {
      instead = "the standard library needs no import, and `use` names another domain";
    } else if (query) {
      instead = "a query is part of a `view` or a `product`";
      note = "`product large version 1 { from payment where amount > 100 select { id, amount } }`";
      found += " … outside of a product";
    } else {
      found += " …";
      instead = "a script declares streams, views and products, and changes nothing by itself";
    }
  } else {
    return false;
  }
  const size_t end = behind_item();
  const Span place = name > 0 ? span_of(0, std::max<size_t>(name, 2) - 1) : at().span;
  auto report = lacks(place, found, instead, {place.file, place.begin, at(end).span.begin});
  if (!note.empty()) report.note(note);
  // A declaration that is in error is there by its name for what follows.
  if (name > 0 && at(name).kind == TokenKind::word) {
    Token leading = make_word(table                                        ? "table"
                              : word(1, "function") || word(3, "function") ? "function"
                                                                           : "view",
                              at().span);
    leading.starts_line = true;
    leading.doc_begin = at().doc_begin;
    leading.doc_end = at().doc_end;
    push(std::move(leading));
    push(at(name));
    out_.back().starts_line = false;
    push(make_hole(place));
  }
  leave(end);
  return true;
}

/// `def f(x):`, `import x`, `class …`, `for … in …`.
bool HabitReader::code_item() {
  const bool function = is_one_of(at(), {"def", "fn", "func", "fun", "sub"}) && at(1).kind == TokenKind::word &&
                        sign(2, Sign::paren_open);
  const bool async = comes({"async", "function"});
  if (function || async) {
    const size_t name = function ? 1 : 2;
    const Span place = at().span;
    spelled(place, at().text + " " + at(name).text + "(…)", "function " + at(name).text + "(…) -> … = …", {})
        .note("`function doubled(x: int) -> int = 2 * x`");
    Token leading = make_word("function", place);
    leading.starts_line = true;
    push(std::move(leading));
    const size_t end = behind_item();
    push(at(name));
    push(make_hole(place));
    leave(end);
    return true;
  }
  if (is_one_of(at(), {"import", "include", "require", "class", "for", "while", "print", "package", "module"}) &&
      (at(1).kind == TokenKind::word || at(1).kind == TokenKind::text || sign(1, Sign::paren_open))) {
    const bool import = is_one_of(at(), {"import", "include", "require", "package", "module"});
    const Span place = at().span;
    lacks(place, at().text,
          import ? "the standard library needs no import, and `use` names another domain"
                 : "a script declares what there is, and has no statements",
          span_of(0, behind_item() - 1));
    leave(behind_item());
    return true;
  }
  if (is_one_of(at(), {"const", "let", "var", "val"}) && at(1).kind == TokenKind::word) {
    const Span place = at().span;
    spelled(place, at().text + " …", "param …: … = …", {})
        .note("`param limit: int = 100` is visible in the whole domain");
    const size_t end = behind_item();
    Token leading = make_word("param", place);
    leading.starts_line = true;
    push(std::move(leading));
    push(at(1));
    push(make_hole(place));
    leave(end);
    return true;
  }
  return false;
}

/// `const x = 1`, `x = 1`, `x := 1`, `let x: int = 1`.
bool HabitReader::assignment() {
  const size_t start =
      is_one_of(at(), {"const", "var", "val", "set", "declare", "let"}) && at(1).kind == TokenKind::word ? 1 : 0;
  const bool let = word(0, "let");
  size_t equals = start + 1;
  if (sign(equals, Sign::colon) && sign(equals + 1, Sign::bind) && at(equals).span.end == at(equals + 1).span.begin) {
    const Span place = span_of(equals, equals + 1);
    if (start == 0) {
      spelled(place, at().text + " := …", "let " + at().text + " = …", place)
          .fix(Applicability::certain, "use `let`", {{before(at().span), "let "}, {place, "="}});
    } else {
      spelled(place, ":=", "=", place).fix(Applicability::certain, "use `=`", {{place, "="}});
    }
    equals += 1;
  } else if (start == 1 && sign(equals, Sign::colon)) {
    size_t end = equals + 1;
    while (!sign(end, Sign::bind) && !at(end).starts_line && at(end).kind != TokenKind::end) ++end;
    if (!sign(end, Sign::bind) || end == equals + 1) return false;
    const Span type = span_of(equals, end - 1);
    std::vector<Edit> edits = {{{type.file, at(1).span.end, type.end}, ""}};
    if (!let) edits.push_back({at().span, "let"});
    spelled(type, source(span_of(0, end - 1)), "let " + at(1).text, type)
        .note("the value says which type it has; `int(x)` and its like convert")
        .fix(Applicability::certain, "leave out the type", edits);
    equals = end;
  } else if (sign(equals, Sign::bind) && !let) {
    // Of a line `a = b` nothing else can be meant.
    const Span place = start == 1 ? at().span : span_of(0, 1);
    spelled(place, start == 1 ? at().text + " …" : at().text + " = …",
            start == 1 ? "let …" : "let " + at().text + " = …", place)
        .fix(Applicability::certain, "use `let`",
             start == 1 ? std::vector<Edit>{{place, "let"}} : std::vector<Edit>{{before(place), "let "}});
  } else {
    return false;
  }
  Token leading = make_word("let", at().span);
  leading.starts_line = true;
  push(std::move(leading));
  push(at(start));
  out_.back().starts_line = false;
  leave(equals);
  take(1);
  return true;
}

/// `order by amount desc limit 10`: the first rows of an order.
bool HabitReader::order_and_limit() {
  if (!word(0, "order") && !word(0, "sort")) return false;
  const size_t first = word(1, "by") ? 2 : 1;
  size_t end = first;
  int depth = 0;
  bool nulls = false;
  for (; next_ + end < in_.size() - 2; ++end) {
    if (depth == 0 && (word(end, "limit") || word(end, "fetch") || word(end, "take") || word(end, "head"))) break;
    if (depth == 0 && end > first && at(end).starts_line && !at(end - 1).is(Sign::comma)) return false;
    nulls |= word(end, "nulls") || at(end).kind == TokenKind::bad;
    if (sign(end, Sign::paren_open) || sign(end, Sign::bracket_open)) ++depth;
    if ((sign(end, Sign::paren_close) || sign(end, Sign::bracket_close)) && depth-- == 0) return false;
    if (sign(end, Sign::brace_close) || sign(end, Sign::brace_open)) return false;
  }
  const size_t number = word(end, "fetch") ? end + 2 : end + 1;
  if (end == first || nulls || at(number).kind != TokenKind::number || at(number).number != ast::NumberKind::integer)
    return false;
  size_t last = number;
  while (!at(last + 1).starts_line && (word(last + 1, "rows") || word(last + 1, "row") || word(last + 1, "only")))
    ++last;
  const Span whole = span_of(0, last), by = span_of(first, end - 1);
  const std::string wanted = "top " + at(number).text + " by " + source(by);
  spelled(span_of(0, first - 1), "order by … limit " + at(number).text, "top " + at(number).text + " by …", whole)
      .note("behind a `window` it ranks the rows of each window; `per k` ranks those of each `k`")
      .fix(Applicability::likely, "use `top`", {{whole, wanted}});
  Token leading = make_word("top", at().span);
  leading.starts_line = true;
  push(std::move(leading));
  Token count = at(number);
  count.starts_line = false;
  push(std::move(count));
  push(make_word("by", at().span));
  const size_t base = next_;
  leave(first);
  take(end - first);
  leave(base + last + 1 - next_);
  return true;
}

/// `order by`, `limit`, `offset`, `qualify`, `partition by`.
bool HabitReader::sql_step() {
  const bool number = at(1).kind == TokenKind::number;
  std::string found, instead, note;
  size_t words = 1;
  if (word(1, "by") && is_one_of(at(), {"order", "sort", "cluster", "distribute", "partition"})) {
    words = 2;
    found = at().text + " by";
    instead = word(0, "order") || word(0, "sort") ? "rows come in the order in which they happen"
                                                  : "rows are divided by the key of a `group` or a join";
    note = word(0, "order") || word(0, "sort")
               ? "`top 10 by amount desc` keeps the first rows of an order; sort where the product is read"
               : "";
  } else if (number && is_one_of(at(), {"limit", "offset", "take", "head", "skip"})) {
    found = at().text;
    instead = "a stream has no end to be cut off";
    note =
        "`where` keeps rows, `top 10 by amount desc` behind a `window` the best ones; `dry-run` shows the first rows";
  } else if (word(0, "fetch") && is_one_of(at(1), {"first", "next"})) {
    words = 2;
    found = "fetch first";
    instead = "a stream has no end to be cut off";
  } else if (word(0, "qualify")) {
    found = "qualify";
    instead = "a `where` behind the `group` keeps groups";
  } else if (word(0, "with") && at(1).kind == TokenKind::word && word(2, "as")) {
    words = 3;
    found = "with … as (…)";
    instead = "a query with a name is a `view`";
    note = "`view " + at(1).text + " { from … }` beside the products, and `from " + at(1).text + "` where it is read";
  } else if (word(0, "insert") && word(1, "into")) {
    words = 2;
    found = "insert into";
    instead = "a `product` names what is written, and `to` says where";
  } else if (is_one_of(at(), {"print", "return", "for", "while"}) && in_braces() && open_.size() == 1 &&
             (sign(1, Sign::paren_open) || word(2, "in"))) {
    found = at().text;
    instead = "a flow is made of steps, and has no statements";
  } else {
    return false;
  }
  const size_t end = behind_line();
  auto report = lacks(span_of(0, words - 1), found, instead, span_of(0, end - 1));
  if (!note.empty()) report.note(note);
  const Span line = span_of(0, end - 1);
  const Span rest{line.file, line.begin, at(end).span.begin};
  const bool rows_stay = found != "with … as (…)";
  if (rows_stay && at(end).starts_line) report.fix(Applicability::likely, "leave it out", {{rest, ""}});
  leave(end);
  // A window above it was for this.
  bool windowed = false;
  for (size_t i = out_.size(); i-- > 0 && !out_[i].is_word("from") && !out_[i].is_word("group");)
    if (out_[i].is_word("window") && out_[i].starts_line) windowed = true;
  if (windowed && !(at().starts_line && word(0, "group"))) {
    Token hole = make_hole(line);
    hole.starts_line = true;
    push(std::move(hole));
  }
  return true;
}

/// `filter x > 1`, `mutate y = 2`.
bool HabitReader::pipeline_step() {
  if (at(1).starts_line || open_.size() != 1) return false;
  const Token& next = at(1);
  const bool goes_on = next.kind == TokenKind::word ? !is_one_of(next, {"and", "or", "in", "is", "as"})
                                                    : next.kind == TokenKind::number || next.is(Sign::brace_open) ||
                                                          next.is(Sign::paren_open) || next.kind == TokenKind::text;
  if (!goes_on) return false;
  for (const Verb& verb : kVerbs) {
    if (!word(0, verb.foreign)) continue;
    // Braid declares aggregates by that word, and elsewhere `param` is the next one.
    if (verb.step.empty()) {
      const size_t end = behind_line();
      lacks(at().span, at().text, std::string(verb.instead), span_of(0, end - 1));
      leave(end);
      return true;
    }
    const Span place = at().span;
    const std::string step(verb.step);
    spelled(place, at().text, step, place).fix(Applicability::certain, "use `" + step + "`", {{place, step}});
    Token leading = make_word(step, place);
    leading.starts_line = true;
    push(std::move(leading));
    leave(1);
    return true;
  }
  return false;
}

/// `select a, b` without braces, and `select distinct`.
bool HabitReader::select_list() {
  if (!word(0, "select") || open_.empty() || sign(1, Sign::star) || sign(1, Sign::colon) || sign(1, Sign::dot))
    return false;
  if (!at().starts_line && !out_.back().is(Sign::brace_open) && !after_operand()) return false;
  const size_t start = next_;
  const bool distinct = word(1, "distinct") || (word(1, "all") && !sign(2, Sign::comma));
  size_t first = distinct ? 2 : 1;
  const bool braces = sign(first, Sign::brace_open);
  if (braces && !distinct) return false;
  if (distinct) {
    const Span place = span_of(0, 1);
    lacks(place, source(place), "a `group` by the fields gives each of them once in a window", {})
        .fix(Applicability::likely, "leave it out", {{{place.file, at().span.end, place.end}, ""}});
  }
  take(1);
  if (distinct) leave(1);
  if (braces || sign(0, Sign::star)) return true;
  // Up to the next step, or the end of the flow.
  size_t end = 0;
  int depth = 0;
  for (; next_ + end < in_.size() - 2; ++end) {
    const Token& token = at(end);
    if (end > 0 && depth == 0 && (starts_any(&token) || token.is_word("from") || token.is_word("where"))) break;
    if (end > 0 && depth == 0 && token.starts_line && !at(end - 1).is(Sign::comma) && token.kind == TokenKind::word)
      break;
    if (token.is(Sign::brace_open) || token.is(Sign::paren_open) || token.is(Sign::bracket_open)) ++depth;
    if ((token.is(Sign::brace_close) || token.is(Sign::paren_close) || token.is(Sign::bracket_close)) && depth-- == 0)
      break;
  }
  if (end == 0) {
    next_ = start + 1;
    return distinct;
  }
  const Span list = span_of(0, end - 1);
  if (!distinct)
    spelled(list, "select …", "select { … }", {})
        .fix(Applicability::certain, "write the fields in braces", {{before(list), "{ "}, {behind(list), " }"}});
  push(make_sign(Sign::brace_open, before(list)));
  walk(next_ + end);
  push(make_sign(Sign::brace_close, behind(list)));
  return true;
}

/// `union all r`.
bool HabitReader::union_all() {
  if (!word(0, "union") || !(word(1, "all") || word(1, "distinct")) || at(2).kind != TokenKind::word ||
      at(2).starts_line)
    return false;
  const Span place = span_of(0, 1);
  if (word(2, "select")) {
    const size_t end = 2;
    lacks(place, source(place) + " select", "`union` takes the name of a stream or a view", span_of(0, end));
    const size_t line = behind_line();
    const Span hole = span_of(0, line - 1);
    leave(line);
    push(make_hole(hole));
    return true;
  }
  const bool all = word(1, "all");
  auto report = spelled(place, source(place), "union", {});
  if (!all) report.note("`union` keeps all rows");
  report.fix(Applicability::certain, "leave out `" + at(1).text + "`", {{{place.file, at().span.end, place.end}, ""}});
  take(1);
  leave(1);
  return true;
}

/// `inner join`, `left outer join`, `cross join`, `join … using (a)`, `group by`.
bool HabitReader::join_words() {
  if (word(0, "group") && word(1, "by") && (at(2).kind == TokenKind::word || at(2).kind == TokenKind::number) &&
      !open_.empty()) {
    const Span place = span_of(0, 1);
    size_t end = 2;
    bool braces = false;
    for (; next_ + end < in_.size() - 2; ++end) {
      if (sign(end, Sign::brace_open)) braces = true;
      if (braces || sign(end, Sign::brace_close) || (at(end).starts_line && !at(end - 1).is(Sign::comma))) break;
    }
    const Span gap{place.file, at().span.end, place.end};
    auto report = spelled(place, "group by", braces ? "group" : "group … { … }", {});
    if (braces) {
      report.fix(Applicability::certain, "leave out `by`", {{gap, ""}});
      take(1);
      leave(1);
      return true;
    }
    bool window_call = false;
    for (size_t k = 2; k + 1 < end; ++k)
      if (is_one_of(at(k), {"tumble", "hop", "session", "cumulate", "window"}) && sign(k + 1, Sign::paren_open))
        window_call = true;
    report.note("the aggregates are part of it: `group customer_id { n: count(), total: sum(amount) }`");
    if (window_call) {
      absorb(span_of(0, end - 1));
      report.note("a window is a step above it: `window tumbling 1h`, `window hopping 10m every 1m`");
    }
    // Behind it stands what SQL writes before: the aggregates.
    const auto select_end = word(end, "select") && sign(end + 1, Sign::brace_open) ? closing(end + 1) : std::nullopt;
    if (word(end, "select") && at(end).starts_line) {
      const size_t keys_end = end;
      if (select_end) {
        end = *select_end + 1;
        std::string entries;
        int depth = 0;
        bool named = false;
        for (size_t k = keys_end + 2, first = k; k <= *select_end; ++k) {
          if (sign(k, Sign::paren_open) || sign(k, Sign::brace_open) || sign(k, Sign::bracket_open)) ++depth;
          if (sign(k, Sign::paren_close) || sign(k, Sign::bracket_close)) --depth;
          if (sign(k, Sign::colon) && depth == 0) named = true;
          const bool last = k == *select_end;
          if (sign(k, Sign::brace_close) && !last) --depth;
          if (!last && !(depth == 0 && sign(k, Sign::comma))) continue;
          if (named && k > first) entries += (entries.empty() ? "" : ", ") + source(span_of(first, k - 1));
          named = false;
          first = k + 1;
        }
        if (!entries.empty() && !window_call)
          report.fix(
              Applicability::likely, "put the aggregates into it",
              {{gap, ""}, {{place.file, at(keys_end - 1).span.end, at(end - 1).span.end}, " { " + entries + " }"}});
      } else {
        for (++end; next_ + end < in_.size() - 2 && !at(end).starts_line && !sign(end, Sign::brace_close);) ++end;
      }
      absorb(span_of(keys_end, end - 1));
    } else if (!window_call) {
      report.fix(Applicability::sketch, "count the rows of each group",
                 {{gap, ""}, {behind(at(end - 1).span), " { n: count() }"}});
    }
    // With a window above, the group is there for it.
    bool windowed = false;
    for (size_t i = out_.size(); i-- > 0 && !out_[i].is_word("from");)
      if (out_[i].is_word("window") && out_[i].starts_line) windowed = true;
    if (windowed) {
      Token leading = make_word("group", place);
      leading.starts_line = at().starts_line;
      push(std::move(leading));
      push(make_sign(Sign::brace_open, place));
      push(make_word("n", place));
      push(make_sign(Sign::colon, place));
      push(make_word("count", place));
      push(make_sign(Sign::paren_open, place));
      push(make_sign(Sign::paren_close, place));
      push(make_sign(Sign::brace_close, place));
    }
    const Span hole = span_of(0, end - 1);
    const bool starts_line = at().starts_line;
    leave(end);
    Token token = make_hole(hole);
    token.starts_line = starts_line;
    push(std::move(token));
    return true;
  }
  if (word(0, "using") && sign(1, Sign::paren_open) && at(2).kind == TokenKind::word) {
    const auto close = closing(1);
    if (!close) return false;
    const Span place = span_of(1, *close);
    spelled(place, source(span_of(0, *close)), "using " + source(span_of(2, *close - 1)), place)
        .fix(Applicability::certain, "leave out the parentheses", {{at(1).span, ""}, {at(*close).span, ""}});
    take(1);
    leave(1);
    take(*close - 2);
    leave(1);
    return true;
  }
  if (open_.empty()) return false;
  const bool sided = is_one_of(at(), {"left", "right", "full"});
  if (sided && word(1, "outer") && word(2, "join")) {
    const Span place = span_of(0, 2);
    const std::string wanted = at().text + " join";
    spelled(place, source(place), wanted, {})
        .fix(Applicability::certain, "leave out `outer`", {{{place.file, at().span.end, at(1).span.end}, ""}});
    take(1);
    leave(1);
    take(1);
    return true;
  }
  if (word(0, "inner") && word(1, "join")) {
    const Span place = span_of(0, 1);
    spelled(place, "inner join", "join", {})
        .fix(Applicability::certain, "leave out `inner`", {{{place.file, place.begin, at(1).span.begin}, ""}});
    const bool starts_line = at().starts_line;
    leave(1);
    in_[next_].starts_line = starts_line;
    take(1);
    return true;
  }
  if (is_one_of(at(), {"cross", "natural", "lateral"}) && (word(1, "join") || word(1, "apply"))) {
    const Span place = span_of(0, 1);
    const size_t end = behind_line();
    auto report = lacks(place, source(place),
                        word(0, "cross") ? "a join says which rows meet" : "a join says which fields are equal",
                        span_of(0, end - 1));
    report.note("`join c on c.id == customer_id` joins a table, `join s on s.id == id within -1h..0s` a stream");
    Token token = make_hole(span_of(0, end - 1));
    token.starts_line = true;
    leave(end);
    push(std::move(token));
    return true;
  }
  return false;
}

/// `from a, b`, `from (select …)`.
bool HabitReader::from_list() {
  if (!word(0, "from") || open_.empty() || at(1).kind != TokenKind::word || item_ == "stream" || item_ == "table")
    return false;
  size_t end = behind_operand(1);
  if (word(end, "as") && at(end + 1).kind == TokenKind::word)
    end += 2;
  else if (at(end).kind == TokenKind::word && !at(end).starts_line && sign(end + 1, Sign::comma))
    ++end;
  if (!sign(end, Sign::comma) || at(end + 1).kind != TokenKind::word || out_.back().is(Sign::comma)) return false;
  size_t last = end;
  while (sign(last, Sign::comma)) {
    last = behind_operand(last + 1);
    if (word(last, "as"))
      last += 2;
    else if (at(last).kind == TokenKind::word && !at(last).starts_line)
      ++last;
  }
  const Span others = span_of(end, last - 1);
  lacks(others, "from a, b", "a flow has one `from`, and `join` brings in others", others)
      .note("`from a` and below it `join b on b.id == a_id`, with `within` if `b` is a stream");
  take(end);
  leave(last - end);
  Token hole = make_hole(others);
  hole.starts_line = true;
  push(std::move(hole));
  return true;
}

}  // namespace braid::grammar
