// What other languages write around items and their clauses: `watermark for at as …`, clauses inside the braces, a flow
// without braces, functions and params without types, `primary key`, `note?: string`.
#include <algorithm>
#include <array>

#include "compiler/parse/habit_reader.h"

namespace braid::grammar {
namespace {

constexpr std::array kSourceClauses = {"time",   "key",      "from",  "idle", "ahead",      "rate", "keys",
                                       "delete", "contract", "allow", "mask", "deprecated", "draft"};
constexpr std::array kFlowClauses = {"time", "key",        "to",    "contract", "allow",
                                     "mask", "deprecated", "draft", "migrate"};

/// The type that a plain value has; empty if it says too little.
std::string type_of(const Token& value) {
  switch (value.kind) {
    case TokenKind::number:
      return value.number == ast::NumberKind::integer   ? "int"
             : value.number == ast::NumberKind::decimal ? "decimal(12,2)"
                                                        : "float";
    case TokenKind::text:
      return "string";
    case TokenKind::duration:
      return "duration";
    case TokenKind::word:
      return value.text == "true" || value.text == "false" ? "bool" : "";
    case TokenKind::sign:
    case TokenKind::size:
    case TokenKind::time:
    case TokenKind::label:
    case TokenKind::formatted_begin:
    case TokenKind::formatted_text:
    case TokenKind::formatted_open:
    case TokenKind::formatted_close:
    case TokenKind::formatted_end:
    case TokenKind::bad:
    case TokenKind::end:
      return "";
  }
  return "";
}

}  // namespace

bool HabitReader::item_form() {
  if (out_.empty()) return false;
  return watermark() || type_as_item() || clauses_in_braces() || flow_without_braces() || place_without_connector() ||
         function_without_types() || result_without_arrow() || param_without_type() || check_without_name() ||
         promised_not_null() || check_action() || owner_without_quotes() || key_in_parentheses() || types_of_state() ||
         rows_without_list() || field_options();
}

/// `watermark for at as at - interval '5' second` of Flink.
bool HabitReader::watermark() {
  if (!word(0, "watermark") || !at().starts_line || !open_.empty() || !in_header_) return false;
  const size_t end = behind_line();
  const bool named = word(1, "for") && at(2).kind == TokenKind::word;
  std::string length;
  for (size_t k = 1; k < end; ++k) {
    if (at(k).kind == TokenKind::duration) length = at(k).text;
    if ((at(k).kind == TokenKind::text || at(k).kind == TokenKind::number) && k + 1 <= end)
      length = duration_of(at(k).text + (k + 1 < end && at(k + 1).kind == TokenKind::word ? " " + at(k + 1).text : ""));
  }
  const Span whole = span_of(0, end - 1);
  const std::string name = named ? at(2).text : "at";
  const std::string wanted = "time " + name + (length.empty() ? "" : " within " + length);
  spelled(at().span, "watermark …", wanted, whole)
      .note("`within` is how far out of order records may come")
      .fix(Applicability::likely, "write `" + wanted + "`", {{whole, wanted}});
  Token leading = make_word("time", at().span);
  leading.starts_line = true;
  push(std::move(leading));
  push(make_word(name, named ? at(2).span : at().span));
  if (!length.empty()) {
    push(make_word("within", whole));
    Token token = make_word(length, whole);
    token.kind = TokenKind::duration;
    push(std::move(token));
  }
  leave(end);
  return true;
}

/// `stream x { time at … id: int }` and `product x { key id from s }`: clauses stand above the brace.
bool HabitReader::clauses_in_braces() {
  if (!sign(0, Sign::brace_open) || !open_.empty() || !in_header_) return false;
  const bool source_item = item_ == "stream" || item_ == "table", flow = item_ == "product" || item_ == "view";
  if (!source_item && !flow) return false;
  const auto is_clause = [&](size_t k) {
    if (at(k).kind != TokenKind::word || !at(k).starts_line || at(k).quoted || sign(k + 1, Sign::colon)) return false;
    // The `from` of a flow names a relation alone.
    if (word(k, "from") && at(k + 2).kind != TokenKind::text) return false;
    return source_item ? std::find(kSourceClauses.begin(), kSourceClauses.end(), at(k).text) != kSourceClauses.end()
                       : std::find(kFlowClauses.begin(), kFlowClauses.end(), at(k).text) != kFlowClauses.end();
  };
  size_t end = 1;
  while (is_clause(end)) {
    int depth = 0;
    size_t next = end;
    do {
      if (opens(at(next))) ++depth;
      if (closes(at(next)) && depth-- == 0) return false;
      ++next;
      if (next_ + next >= in_.size() - 2) return false;
    } while (depth > 0 || !at(next).starts_line);
    // A column of SQL ends with a comma.
    if (at(next - 1).is(Sign::comma)) return false;
    end = next;
  }
  if (end == 1) return false;
  const Span brace = at().span, first = at(1).span;
  spelled(first, "{ " + at(1).text + " …", at(1).text + " … {", {})
      .note(source_item ? "clauses stand above the brace, and the fields in it"
                        : "clauses stand above the brace, and the flow in it")
      .fix(Applicability::likely, "open the brace behind the clauses", {{brace, ""}, {before(at(end).span), "{ "}});
  const size_t base = next_;
  leave(1);
  walk(base + end);
  Token open = make_sign(Sign::brace_open, brace);
  open.starts_line = true;
  push(std::move(open));
  return true;
}

/// `product x version 1 from s where …`.
bool HabitReader::flow_without_braces() {
  if (!open_.empty() || !in_header_ || (item_ != "product" && item_ != "view")) return false;
  const bool bound = sign(0, Sign::bind) && word(1, "from");
  if (!bound && (!word(0, "from") || !at().starts_line)) return false;
  if (at(bound ? 3 : 2).kind == TokenKind::text) return false;
  const size_t end = behind_item();
  int depth = 0;
  bool closed = false;
  for (size_t k = 0; k < end; ++k) {
    if (opens(at(k))) ++depth;
    if (closes(at(k)) && depth-- == 0) closed = true;
  }
  const Span place = at().span, last = at(end - 1).span;
  std::vector<Edit> edits = {bound ? Edit{place, "{"} : Edit{before(place), "{ "}};
  if (!closed) edits.push_back({behind(last), " }"});
  spelled(place, bound ? "= from …" : "from …", "{ from … }", {})
      .note("the flow of a view or a product stands in braces")
      .fix(Applicability::likely, closed ? "open the brace" : "add the braces", edits);
  const size_t base = next_;
  push(make_sign(Sign::brace_open, before(place)));
  if (bound) leave(1);
  walk(base + end);
  if (!closed && !open_.empty()) push(make_sign(Sign::brace_close, behind(last)));
  return true;
}

/// `to "orders.csv"`, `into topic "orders"`.
bool HabitReader::place_without_connector() {
  if (!at().starts_line || !open_.empty() || !in_header_) return false;
  const Span place = at().span;
  if (word(0, "into") && at(1).kind == TokenKind::word && at(2).kind == TokenKind::text) {
    spelled(place, "into", "to", place).fix(Applicability::certain, "use `to`", {{place, "to"}});
    Token leading = make_word("to", place);
    leading.starts_line = true;
    leave(1);
    push(std::move(leading));
    return true;
  }
  if ((!word(0, "to") && !word(0, "from")) || at(1).kind != TokenKind::text) return false;
  const Span text = at(1).span;
  spelled(text, at().text + " " + source(text), at().text + " file " + source(text), {})
      .note("`file` names a file, `topic` a topic of the environment's brokers")
      .fix(Applicability::likely, "add `file`", {{before(text), "file "}});
  take(1);
  push(make_word("file", before(text)));
  return true;
}

/// `function f(x) = …`, `function f(x: int): int = …`, `function f(x: int) { … }`.
bool HabitReader::function_without_types() {
  if (!word(0, "function") || !at().starts_line || !open_.empty() || at(1).kind != TokenKind::word ||
      !sign(2, Sign::paren_open))
    return false;
  const auto close = closing(2);
  if (!close) return false;
  std::vector<size_t> bare;
  int depth = 0;
  for (size_t k = 3; k < *close; ++k) {
    if (opens(at(k))) ++depth;
    if (closes(at(k))) --depth;
    const bool begins = sign(k - 1, Sign::comma) || k == 3;
    const bool ends = sign(k + 1, Sign::comma) || k + 1 == *close;
    if (depth == 0 && at(k).kind == TokenKind::word && begins && ends) bare.push_back(k);
  }
  const Span name = at(1).span;
  if (bare.empty() && sign(*close + 1, Sign::colon)) {
    const Span colon = at(*close + 1).span;
    spelled(colon, ": " + at(*close + 2).text, "-> " + at(*close + 2).text, colon)
        .fix(Applicability::certain, "use `->`", {{{colon.file, at(*close).span.end, colon.end}, " ->"}});
    take(*close + 1);
    leave(1);
    push(make_sign(Sign::arrow, colon));
    return true;
  }
  if (bare.empty() && !sign(*close + 1, Sign::bind) && !sign(*close + 1, Sign::brace_open)) return false;
  const Span place = bare.empty() ? at(*close).span : at(bare.front()).span;
  const std::string found = bare.empty() ? source(name) + "(…)" : source(place);
  auto report = spelled(place, found, bare.empty() ? found + " -> type" : found + ": type", {});
  report.note(
      "a function says the types of its parameters and of its result: `function doubled(x: int) -> int = 2 * x`");
  const size_t end = behind_item();
  take(2);
  push(make_hole(name));
  leave(end - 2);
  return true;
}

/// `service s(x: int) { … } from …`, `service s(x: int): { … }`, `aggregate a(x: int) int { … }`, `function f(x: int)
/// int = …`: what comes behind the parameters is the type of the result.
bool HabitReader::result_without_arrow() {
  const bool service = word(0, "service"), function = word(0, "function");
  if ((!service && !function && !word(0, "aggregate")) || !at().starts_line || !open_.empty() ||
      at(1).kind != TokenKind::word || !sign(2, Sign::paren_open))
    return false;
  const auto close = closing(2);
  if (!close) return false;
  const Token& next = at(*close + 1);
  const bool colon = sign(*close + 1, Sign::colon);
  const bool is_struct = service && sign(*close + 1, Sign::brace_open);
  const bool is_word = next.kind == TokenKind::word && !next.starts_line && next.text != "from" && next.text != "fails";
  if (!colon && !is_struct && !is_word) return false;
  const Span end = at(*close).span;
  const std::string type = is_struct ? "{ … }" : colon ? at(*close + 2).text : next.text;
  const Span place = colon ? next.span : end;
  spelled(place, colon ? ": " + type : source(at(1).span) + "(…) " + type,
          (colon ? "-> " : source(at(1).span) + "(…) -> ") + type, {})
      .fix(Applicability::certain, colon ? "use `->`" : "add `->`",
           {{{end.file, end.end, colon ? next.span.end : end.end}, " ->"}});
  take(*close + 1);
  if (colon) leave(1);
  push(make_sign(Sign::arrow, place));
  return true;
}

/// `param least = 100`.
bool HabitReader::param_without_type() {
  if (!word(0, "param") || !at().starts_line || !open_.empty() || at(1).kind != TokenKind::word || !sign(2, Sign::bind))
    return false;
  const std::string type = type_of(at(3));
  if (type.empty()) return false;
  const Span name = at(1).span;
  spelled(name, "param " + source(name) + " = …", "param " + source(name) + ": " + type + " = …", {})
      .fix(Applicability::likely, "state its type", {{behind(name), ": " + type}});
  take(2);
  push(make_sign(Sign::colon, name));
  if (type == "decimal(12,2)") {
    push(make_word("decimal", name));
    push(make_sign(Sign::paren_open, name));
    push(make_number("12", name));
    push(make_sign(Sign::comma, name));
    push(make_number("2", name));
    push(make_sign(Sign::paren_close, name));
  } else {
    push(make_word(type, name));
  }
  return true;
}

/// `check amount > 0 else reject` of a contract.
bool HabitReader::check_without_name() {
  if (!out_.back().is_word("check") || !out_.back().starts_line || open_.size() != 1 || !in_header_ ||
      at().kind != TokenKind::word || sign(1, Sign::colon))
    return false;
  const Span place = at().span, leading = out_.back().span;
  const std::string name = at().text + "_right";
  spelled(leading, "check …", "check name: …", {})
      .note("rejected rows and alerts carry the name of the check")
      .fix(Applicability::likely, "give it a name", {{before(place), name + ": "}});
  push(make_word(name, before(place)));
  push(make_sign(Sign::colon, before(place)));
  return true;
}

/// `init { total: 0 }` without types, and `step { total += x }`, of an aggregate.
bool HabitReader::types_of_state() {
  if (item_ != "aggregate" || open_.size() != 2 || !in_braces()) return false;
  std::string_view part;
  int depth = 0;
  for (size_t i = out_.size(); i-- > 1;) {
    if (closes(out_[i])) ++depth;
    if (opens(out_[i]) && depth-- == 0) {
      part = out_[i - 1].text;
      break;
    }
  }
  const Span place = at().span;
  if (part == "init" && out_.back().is(Sign::colon)) {
    std::string type = type_of(at());
    // Of decimals and floats the state is of their kind, too.
    for (size_t i = out_.size(); type == "int" && i-- > 0 && !out_[i].is_word("aggregate");)
      if (out_[i].is_word("decimal") || out_[i].is_word("float")) type = out_[i].text;
    if (type.empty() || (!sign(1, Sign::comma) && !sign(1, Sign::brace_close))) return false;
    const std::string shown = type == "decimal(12,2)" ? "decimal" : type;
    spelled(place, ": " + source(place), ": " + shown + " = " + source(place), {})
        .note("the state says the type of each field and its first value: `total: decimal = 0`")
        .fix(Applicability::likely, "state its type", {{before(place), shown + " = "}});
    push(make_word(shown, before(place)));
    push(make_sign(Sign::bind, before(place)));
    take(1);
    return true;
  }
  const bool adds = signs(1, Sign::plus, Sign::bind), subtracts = signs(1, Sign::minus, Sign::bind);
  const bool begins = out_.back().is(Sign::brace_open) || out_.back().is(Sign::comma);
  if (part.empty() || part == "init" || !begins || at().kind != TokenKind::word || (!adds && !subtracts)) return false;
  const Token name = at();
  const Span operation = span_of(1, 2), sign_place = at(1).span;
  const std::string wanted = ": " + name.text + " " + source(sign_place);
  spelled(operation, name.text + " " + source(operation) + " …", name.text + wanted + " …", operation)
      .fix(Applicability::certain, "give it its new value", {{{operation.file, name.span.end, operation.end}, wanted}});
  take(1);
  push(make_sign(Sign::colon, operation));
  Token again = name;
  again.starts_line = false;
  push(std::move(again));
  take(1);
  leave(1);
  return true;
}

/// `note?: string` of TypeScript; `id: int primary key`, `n: int default 1` of SQL; `enum("a", "b")`.
bool HabitReader::field_options() {
  if ((item_ != "stream" && item_ != "table") || open_.size() != 1 || open_[0] != Sign::brace_open) return false;
  const Span place = at().span;
  if (in_column_place() && at().kind == TokenKind::word && sign(1, Sign::question) && sign(2, Sign::colon)) {
    const auto type = read_type(3, 0);
    if (!type) return false;
    const Span question = at(1).span, end = at(type->end - 1).span;
    spelled(cover(place, question), source(place) + "?: " + source(span_of(3, type->end - 1)),
            source(place) + ": " + source(span_of(3, type->end - 1)) + "?", {})
        .fix(Applicability::certain, "the sign stands behind the type", {{question, ""}, {behind(end), "?"}});
    const size_t base = next_;
    take(1);
    leave(1);
    walk(base + type->end);
    push(make_sign(Sign::question, question));
    return true;
  }
  if (out_.back().is(Sign::colon) && word(0, "enum") && sign(1, Sign::paren_open)) {
    const auto close = closing(1);
    if (!close) return false;
    std::string symbols;
    std::vector<Token> words;
    for (size_t k = 2; k < *close; ++k) {
      if (at(k).kind != TokenKind::text && at(k).kind != TokenKind::word) continue;
      symbols += (symbols.empty() ? "" : ", ") + at(k).text;
      words.push_back(make_word(at(k).text, at(k).span));
    }
    const Span whole = span_of(0, *close);
    const std::string wanted = "enum { " + symbols + " }";
    spelled(whole, source(whole), wanted, whole)
        .fix(Applicability::certain, "write `" + wanted + "`", {{whole, wanted}});
    take(1);
    push(make_sign(Sign::brace_open, whole));
    for (Token& symbol : words) {
      push(std::move(symbol));
      push(make_sign(Sign::comma, whole));
    }
    push(make_sign(Sign::brace_close, whole));
    leave(*close);
    return true;
  }
  // `from order.city` and `from $.order.city`: where it stands in the record.
  const bool dollar = at().kind == TokenKind::bad && source(place) == "$" && sign(1, Sign::dot);
  if (out_.back().is_word("from") && !out_.back().starts_line && !at().starts_line &&
      (at().kind == TokenKind::word || dollar)) {
    const size_t first = dollar ? 2 : 0;
    size_t end = first + 1;
    while (sign(end, Sign::dot) && at(end + 1).kind == TokenKind::word) end += 2;
    const Span whole = span_of(0, end - 1);
    const std::string wanted = "\"" + source(span_of(first, end - 1)) + "\"";
    spelled(whole, source(whole), wanted, whole)
        .note("the place of a field in its record is a text, with dots between the names")
        .fix(Applicability::certain, "write it in quotes", {{whole, wanted}});
    leave(end);
    push(make_text(source(whole), whole));
    return true;
  }
  // `timestamp("yyyy-MM-dd")`.
  const bool of_time = out_.back().is_word("timestamp") || out_.back().is_word("date") || out_.back().is_word("time");
  if (of_time && sign(0, Sign::paren_open) && at(1).kind == TokenKind::text && sign(2, Sign::paren_close)) {
    const Span whole = span_of(0, 2);
    lacks(whole, out_.back().text + source(whole), "a type has no format", whole)
        .note(
            "texts of ISO 8601 are read as they are; another form is read as `string`, and `parse_timestamp(t, "
            "\"yyyy-MM-dd HH:mm:ss\")` makes an instant of it")
        .fix(Applicability::likely, "leave it out", {{whole, ""}});
    leave(3);
    return true;
  }
  if (!after_operand() || at().starts_line) return false;
  if (comes({"primary", "key"}) && (sign(2, Sign::comma) || sign(2, Sign::brace_close))) {
    const Span words = span_of(0, 1);
    std::string field;
    for (size_t i = out_.size(); i-- > 1;)
      if (out_[i].is(Sign::colon)) {
        field = out_[i - 1].text;
        break;
      }
    lacks(words, "primary key", "the clause `key " + field + "` stands above the brace", words)
        .fix(Applicability::likely, "leave it out here", {{{words.file, out_.back().span.end, words.end}, ""}});
    leave(2);
    return true;
  }
  if (word(0, "from") && at(1).kind == TokenKind::text) return path_behind_default();
  if (word(0, "default") && !sign(1, Sign::comma) && !sign(1, Sign::brace_close)) {
    spelled(place, "default", "=", place).fix(Applicability::certain, "use `=`", {{place, "="}});
    leave(1);
    push(make_sign(Sign::bind, place));
    return true;
  }
  return false;
}

/// `left: bool = false from "Left"`.
bool HabitReader::path_behind_default() {
  if (!open_.empty() && open_.back() != Sign::brace_open) return false;
  size_t bind = out_.size();
  while (bind-- > 0 && !out_[bind].is(Sign::bind))
    if (out_[bind].is(Sign::comma) || out_[bind].is(Sign::brace_open) || out_[bind].starts_line) return false;
  if (bind >= out_.size()) return false;
  const Span path = span_of(0, 1), sign = out_[bind].span;
  const std::string text = source(path);
  lacks(path, text, "the path stands before the default", path)
      .fix(Applicability::certain, "move it",
           {{{sign.file, sign.begin, sign.begin}, text + " "}, {{path.file, out_.back().span.end, path.end}, ""}});
  out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(bind), {at(0), at(1)});
  leave(2);
  return true;
}

}  // namespace braid::grammar
