#include "compiler/parse/literals.h"
#include "compiler/parse/parts.h"

namespace braid::grammar {
namespace {

bool is_reserved_word(Cursor at) {
  return at->kind == TokenKind::word && !at->quoted && is_reserved(at->text);
}

}  // namespace

bool read_any_word(State&, Cursor& first, ast::Name& name) {
  // A line that begins a step or an item is never a name: what should have stood here is missing.
  if (first->kind != TokenKind::word || starts_any(first)) return false;
  name = {first->text, first->span};
  ++first;
  return true;
}

bool read_name(State& state, Cursor& first, ast::Name& name) {
  return !is_reserved_word(first) && read_any_word(state, first, name);
}

bool read_declared_name(State& state, Cursor& first, ast::Name& name) {
  if (is_reserved_word(first) && !first[1].starts_line)
    state.reporter()
        .report(diag::ReservedWord{.word = first->text})
        .at(first->span)
        .fix(Applicability::certain, "put it in backticks", {{first->span, "`" + first->text + "`"}});
  else if (is_reserved_word(first))
    return false;
  return read_any_word(state, first, name);
}

bool read_text(State&, Cursor& first, ast::Text& text) {
  if (first->kind != TokenKind::text) return false;
  text = {first->text, first->span};
  ++first;
  return true;
}

bool read_label(State&, Cursor& first, ast::Label& label) {
  if (first->kind != TokenKind::label) return false;
  label = {first->text, first->span};
  ++first;
  return true;
}

bool read_int(State& state, Cursor& first, ast::Int& whole) {
  if (first->kind != TokenKind::number || first->number != ast::NumberKind::integer) return false;
  const auto value = whole_number(first->text);
  if (!value) state.reporter().report(diag::NumberTooLarge{.text = first->text}).at(first->span);
  whole = {value.value_or(0), first->span, !value};
  ++first;
  return true;
}

bool read_duration(State&, Cursor& first, ast::Duration& duration) {
  if (first->kind != TokenKind::duration) return false;
  auto parts = duration_parts(first->text);
  if (!parts) return false;  // as another language writes it, with a number that is too large
  duration = {first->text, std::move(*parts), first->span};
  ++first;
  return true;
}

bool read_time(State&, Cursor& first, ast::Time& time) {
  if (first->kind != TokenKind::time) return false;
  time = {first->time, first->text, first->span};
  ++first;
  return true;
}

bool read_percent(State&, Cursor& first, ast::Percent& percent) {
  const bool number = first->kind == TokenKind::number &&
                      (first->number == ast::NumberKind::integer || first->number == ast::NumberKind::decimal);
  if (!number || !first[1].is(Sign::percent) || first[1].span.begin != first->span.end) return false;
  percent = {first->text, cover(first->span, first[1].span)};
  first += 2;
  return true;
}

bool read_size(State&, Cursor& first, ast::Size& size) {
  if (first->kind != TokenKind::size) return false;
  const std::string_view digits = std::string_view(first->text).substr(0, first->text.size() - 2);
  const char letter = first->text[digits.size()];
  using enum ast::SizeUnit;
  size = {*whole_number(digits), letter == 'K' ? kb : letter == 'M' ? mb : letter == 'G' ? gb : tb, first->span};
  ++first;
  return true;
}

}  // namespace braid::grammar
