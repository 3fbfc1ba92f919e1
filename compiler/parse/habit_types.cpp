// Types as other languages write them: `varchar(20)`, `numeric(12,2) not null`, `Array<string>`, `int[]`,
// `Optional[int]`, `timestamp(3) with time zone`; and columns without a colon, `id bigint`. A foreign type that is a
// single word reads as a name, and the checker reports it.
#include <algorithm>
#include <array>

#include "compiler/parse/habit_reader.h"
#include "runtime/declare/foreign_type.h"

namespace braid::grammar {
namespace {

/// So the time stays linear.
constexpr int kDeepestType = 20;

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

/// Containers of one type, and what Braid writes around it.
struct Container {
  std::string_view name, before, behind;
};
constexpr Container kContainers[] = {{"array", "list<", ">"}, {"list", "list<", ">"},      {"vector", "list<", ">"},
                                     {"seq", "list<", ">"},   {"arraylist", "list<", ">"}, {"optional", "", "?"},
                                     {"option", "", "?"},     {"nullable", "", "?"},       {"lowcardinality", "", ""}};
/// Types that Braid has in another form, or not at all.
constexpr std::array kOtherContainers = {"map",    "dict", "dictionary", "hashmap", "multiset",
                                         "struct", "row",  "record",     "tuple",   "union"};

bool is_size(const Token& token) {
  return (token.kind == TokenKind::number && token.number == ast::NumberKind::integer && token.text.size() < 6) ||
         (token.kind == TokenKind::word && lowered(token.text) == "max");
}

}  // namespace

bool HabitReader::in_type_place() const {
  if (out_.empty() || open_.size() > kDeepestType) return false;
  const Token& last = out_.back();
  const bool colon = last.is(Sign::colon);
  if (item_ == "stream" || item_ == "table")
    return colon && !open_.empty() &&
           std::all_of(open_.begin(), open_.end(), [](Sign sign) { return sign == Sign::brace_open; });
  if (item_ == "type") return colon || (open_.empty() && last.is(Sign::bind));
  if (item_ == "param") return colon && open_.empty();
  if (item_ == "function")
    return (open_.empty() && last.is(Sign::arrow)) || (colon && open_.size() == 1 && open_[0] == Sign::paren_open);
  return false;
}

/// A column of SQL: a name, and its type without a colon.
bool HabitReader::in_column_place() const {
  if ((item_ != "stream" && item_ != "table") || open_.size() != 1 || open_[0] != Sign::brace_open) return false;
  return out_.back().is(Sign::brace_open) || out_.back().is(Sign::comma);
}

std::optional<HabitReader::ForeignTypeText> HabitReader::read_type(size_t offset, int depth) const {
  const Token& token = at(offset);
  if (token.kind != TokenKind::word || depth > kDeepestType) return std::nullopt;
  const std::string name = lowered(token.text);
  const bool declared = token.quoted || declared_types_.contains(token.text);
  ForeignTypeText type;
  size_t end = offset + 1;
  const auto plain = [&](std::string_view text) {
    type.text = text;
    type.tokens = {make_word(std::string(text), token.span)};
  };
  const auto* container = std::find_if(std::begin(kContainers), std::end(kContainers),
                                       [&](const Container& each) { return each.name == name; });
  const Sign open = at(end).sign;
  const bool bracket = at(end).is(Sign::less) || at(end).is(Sign::bracket_open) || at(end).is(Sign::paren_open);
  if (!declared && container != std::end(kContainers) && bracket && !sign(end + 1, Sign::bracket_close)) {
    const auto element = read_type(end + 1, depth + 1);
    const Sign close = open == Sign::less           ? Sign::greater
                       : open == Sign::bracket_open ? Sign::bracket_close
                                                    : Sign::paren_close;
    if (!element || !sign(element->end, close)) return std::nullopt;
    type = *element;
    type.foreign |= token.text != "list" || open != Sign::less;
    if (!container->before.empty()) {
      type.tokens.insert(type.tokens.begin(), {make_word("list", token.span), make_sign(Sign::less, token.span)});
      type.tokens.push_back(make_sign(Sign::greater, token.span));
    } else if (container->behind == "?" && !type.text.ends_with('?')) {
      type.tokens.push_back(make_sign(Sign::question, token.span));
    }
    const bool doubled = container->behind == "?" && type.text.ends_with('?');
    type.text = std::string(container->before) + type.text + std::string(doubled ? "" : container->behind);
    end = element->end + 1;
  } else if (declared) {
    plain(token.text);
  } else {
    const ForeignType* known = find_foreign_type(name);
    const std::string meant(braid_type_name(name));
    if (meant.empty() && (known != nullptr || bracket)) return std::nullopt;
    plain(meant.empty() ? token.text : meant);
    type.foreign = depth > 0 && type.text != token.text;
    if (known != nullptr && !known->note.empty()) type.notes.emplace_back(known->note);
    const auto word_here = [&](std::string_view text) {
      return at(end).kind == TokenKind::word && !at(end).starts_line && lowered(at(end).text) == text;
    };
    const auto follow = [&] {
      ++end;
      type.foreign = true;
    };
    if ((name == "double" && word_here("precision")) || word_here("varying") || word_here("unsigned") ||
        word_here("signed"))
      follow();
    if (sign(end, Sign::paren_open) && is_size(at(end + 1))) {
      const bool two = sign(end + 2, Sign::comma) && is_size(at(end + 3));
      if (!sign(end + (two ? 4 : 2), Sign::paren_close)) return std::nullopt;
      if (meant == "decimal") {
        type.foreign |= token.text != "decimal" || !two;
        type.text += "(" + at(end + 1).text + "," + (two ? at(end + 3).text : "0") + ")";
        type.tokens.push_back(make_sign(Sign::paren_open, token.span));
        type.tokens.push_back(at(end + 1));
        type.tokens.push_back(make_sign(Sign::comma, token.span));
        type.tokens.push_back(two ? at(end + 3) : make_number("0", token.span));
        type.tokens.push_back(make_sign(Sign::paren_close, token.span));
      } else {
        type.foreign = true;
        if (meant == "string" || meant == "bytes") type.notes.emplace_back("a `" + meant + "` has no limit of length");
      }
      end += two ? 5 : 3;
    }
    if (word_here("unsigned") || word_here("zerofill")) follow();
    if (word_here("with") || word_here("without")) {
      const size_t time = end + (at(end + 1).kind == TokenKind::word && lowered(at(end + 1).text) == "local" ? 2 : 1);
      if (at(time).kind == TokenKind::word && lowered(at(time).text) == "time" &&
          at(time + 1).kind == TokenKind::word && lowered(at(time + 1).text) == "zone") {
        end = time + 2;
        type.foreign = true;
      }
    }
    if (type.text == "decimal") {
      type.text = "decimal(18,2)";
      type.sketch = true;
      type.tokens = {make_hole(token.span)};
    }
  }
  // `int[]`, `not null`, `null`, `| null`
  for (int lists = depth; sign(end, Sign::bracket_open) && sign(end + 1, Sign::bracket_close); ++lists) {
    if (lists > kDeepestType) return std::nullopt;
    type.tokens.insert(type.tokens.begin(), {make_word("list", token.span), make_sign(Sign::less, token.span)});
    type.tokens.push_back(make_sign(Sign::greater, token.span));
    type.text = "list<" + type.text + ">";
    type.foreign = true;
    end += 2;
  }
  const auto is_null = [&](size_t place) {
    return at(place).kind == TokenKind::word &&
           (lowered(at(place).text) == "null" || at(place).text == "None" || at(place).text == "undefined");
  };
  if (sign(end, Sign::question)) {
    type.tokens.push_back(at(end++));
    type.text += "?";
  } else if (at(end).kind == TokenKind::word && lowered(at(end).text) == "not" && is_null(end + 1)) {
    type.foreign = true;
    end += 2;
  } else if (is_null(end) || (sign(end, Sign::bar) && is_null(end + 1))) {
    end += is_null(end) ? 1 : 2;
    type.foreign = true;
    type.tokens.push_back(make_sign(Sign::question, token.span));
    type.text += "?";
  }
  type.end = end;
  return type;
}

bool HabitReader::foreign_type() {
  if (at().kind != TokenKind::word || out_.empty()) return false;
  const auto is_type = [&](const Token& token) {
    return token.kind == TokenKind::word && !token.starts_line && !token.quoted &&
           (!braid_type_name(token.text).empty() || find_foreign_type(token.text) != nullptr ||
            declared_types_.contains(token.text));
  };
  const bool column = in_column_place() && is_type(at(1));
  if (!column && !in_type_place()) return false;
  const size_t first = column ? 1 : 0;
  const std::string name = lowered(at(first).text);
  const bool opens =
      sign(first + 1, Sign::less) || sign(first + 1, Sign::bracket_open) || sign(first + 1, Sign::paren_open);
  if (opens && std::find(kOtherContainers.begin(), kOtherContainers.end(), name) != kOtherContainers.end() &&
      !declared_types_.contains(at(first).text))
    return other_container(first);
  const auto type = read_type(first, 0);
  if (!type || (!column && !type->foreign)) return false;
  const Token leading = at();
  const Span place = span_of(0, type->end - 1);
  const std::string wanted = (column ? source(leading.span) + ": " : "") + type->text;
  auto report = spelled(place, source(place), wanted, place);
  for (const std::string& note : type->notes) report.note(note);
  if (type->sketch) report.note("a `decimal` states how many digits it has, and how many are after the point");
  report.fix(type->sketch          ? Applicability::sketch
             : type->notes.empty() ? Applicability::certain
                                   : Applicability::likely,
             "write `" + wanted + "`", {{place, wanted}});
  if (column) {
    take(1);
    push(make_sign(Sign::colon, leading.span));
  }
  leave(type->end - first);
  for (Token token : type->tokens) {
    token.starts_line = false;
    push(std::move(token));
  }
  return true;
}

/// `deciml(12,2)`: a name that is no type, with something in parentheses.
bool HabitReader::misspelt_type() {
  if (at().kind != TokenKind::word || at().quoted || !in_type_place() || !sign(1, Sign::paren_open)) return false;
  const std::string name = at().text;
  if (declared_types_.contains(name) || find_foreign_type(lowered(name)) != nullptr || is_reserved(name) ||
      !braid_type_name(name).empty() || name == "enum")
    return false;
  const auto close = closing(1);
  if (!close || *close > 5) return false;
  for (size_t k = 2; k < *close; ++k)
    if (at(k).kind != TokenKind::number && !sign(k, Sign::comma)) return false;
  const auto meant = closest(name, type_names());
  const Span place = at().span;
  found_ = true;
  absorb(place);
  auto report = reporter_.report(diag::UnknownType{.name = name});
  report.at(place, "no such type");
  if (meant) report.fix(Applicability::likely, "use `" + std::string(*meant) + "`", {{place, std::string(*meant)}});
  if (meant && *meant == "decimal" && *close == 5) {
    push(make_word("decimal", place));
    leave(1);
    take(*close);
    return true;
  }
  const Span whole = span_of(0, *close);
  leave(*close + 1);
  push(make_hole(whole));
  return true;
}

/// `Map<string, int>`, `struct<a: int>`, `row(a int)`.
bool HabitReader::other_container(size_t first) {
  const std::string name = lowered(at(first).text);
  // Braid has this one.
  if (at(first).is_word("map") && sign(first + 1, Sign::less)) return false;
  size_t end = first + 1;
  int depth = 0;
  for (; end < first + 200 && next_ + end < in_.size() - 2; ++end) {
    const Token& token = at(end);
    if (token.is(Sign::less) || token.is(Sign::paren_open) || token.is(Sign::bracket_open)) ++depth;
    if ((token.is(Sign::greater) || token.is(Sign::paren_close) || token.is(Sign::bracket_close)) && --depth == 0)
      break;
    if (token.is(Sign::brace_open) || token.is(Sign::brace_close)) return false;
  }
  if (depth != 0) return false;
  const ForeignType* known = find_foreign_type(name);
  if (known == nullptr) return false;
  const Span place = span_of(first, end);
  lacks(at(first).span, source(at(first).span) + "<…>", std::string(known->note), place);
  if (first == 1) {
    const Span column = at().span;
    take(1);
    push(make_sign(Sign::colon, column));
  }
  leave(end + 1 - first);
  push(make_hole(place));
  return true;
}

}  // namespace braid::grammar
