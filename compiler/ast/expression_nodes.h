// Nodes of names, literals, expressions and types. nodes.h describes what applies to all nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/report/span.h"

namespace braid::ast {

inline constexpr int kMaxNesting = 256;   ///< braces, brackets, arms, lambdas … inside one another
inline constexpr int kMaxHeight = 1'000;  ///< of the tree of an expression; long chains of operators count

// ---- words and literals ------------------------------------------------------------------------------------

struct Name {
  std::string text;
  Span span;
};

/// `a.b.c`. Empty only after a mistake.
struct Path {
  std::vector<Name> parts;
  Span span;
};

/// A count in a clause: `version 2`, `top 3`, `over 10 rows`.
struct Int {
  int64_t value = 0;
  Span span;
  bool too_large = false;  ///< for 64 bits; has been reported
};

/// A text in a clause: `owner "…"`.
struct Text {
  std::string value;
  Span span;
};

/// `#pii`, without its sign.
struct Label {
  std::string text;
  Span span;
};

enum class DurationUnit { us, ms, s, m, h, d, w, mo, y };

struct DurationPart {
  int64_t count = 0;
  DurationUnit unit = DurationUnit::s;
};

/// `1h30m`: parts in the order written.
struct Duration {
  std::string text;
  std::vector<DurationPart> parts;
  Span span;
};

enum class TimeKind { date, time, instant };

/// `@2026-01-01`, `@12:30`, `@2026-01-01T00:00Z`: the parser has checked day and time. `text` has no `@`.
struct Time {
  TimeKind kind = TimeKind::date;
  std::string text;
  Span span;
};

/// `99.5%`: the digits before the sign.
struct Percent {
  std::string text;
  Span span;
};

enum class SizeUnit { kb, mb, gb, tb };

struct Size {
  int64_t count = 0;
  SizeUnit unit = SizeUnit::mb;
  Span span;
};

// ---- expressions -------------------------------------------------------------------------------------------

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;
struct Type;
using TypePtr = std::unique_ptr<Type>;

/// integer: `1_000`; decimal: `12.50`; floating: with an exponent; hex: `0x1F` (the text keeps `0x`).
enum class NumberKind { integer, decimal, floating, hex };

struct NullLiteral {};
struct BoolLiteral {
  bool value = false;
};
struct NumberLiteral {
  NumberKind kind = NumberKind::integer;
  std::string text;
};
struct TextLiteral {
  std::string value;
};

struct Literal {
  std::variant<NullLiteral, BoolLiteral, NumberLiteral, TextLiteral, Duration, Time> value;
};

/// `f"{name} has {n}"`: texts (decoded) and expressions in turn.
struct Formatted {
  std::vector<std::variant<Text, ExprPtr>> parts;
};

/// A bare name; its span is the expression's.
struct NameExpr {
  std::string text;
};

/// `where: e`, `#pii`, or `e`.
struct Argument {
  std::optional<Name> name;
  std::variant<ExprPtr, Label> value;
  Span span;
};

struct Arguments {
  std::vector<Argument> list;
  Span span;  ///< with the parentheses
};

struct Call {
  Name function;
  Arguments arguments;
};

struct MethodCall {
  ExprPtr object;
  bool optional = false;  ///< `?.`
  Name method;
  Arguments arguments;
};

struct FieldAccess {
  ExprPtr object;
  bool optional = false;  ///< `?.`
  Name field;
};

struct Index {
  ExprPtr object;
  ExprPtr index;
};

enum class UnaryOperator { negate, logical_not, try_ };

struct Unary {
  UnaryOperator op = UnaryOperator::negate;
  Span op_span;
  ExprPtr operand;
};

enum class BinaryOperator {
  logical_or,
  logical_and,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  fallback,  ///< `??`
  add,
  subtract,
  multiply,
  divide,
  remainder,
};

struct Binary {
  BinaryOperator op = BinaryOperator::add;
  Span op_span;
  ExprPtr left;
  ExprPtr right;
  bool bars = false;  ///< an `or` written `||`: in other languages it joins texts too, and the types decide
};

enum class RangeEnd { included, excluded };  ///< `..` and `..<`

/// `x in list`, `x not in 1..9`.
struct In {
  bool negated = false;
  ExprPtr value;
  ExprPtr first;  ///< the list, or the lower end of a range
  RangeEnd end = RangeEnd::included;
  ExprPtr last;  ///< the upper end; null: `first` is the list
};

struct IsNull {
  bool negated = false;
  ExprPtr operand;
};

struct If {
  ExprPtr condition;
  ExprPtr then;
  ExprPtr otherwise;
};

struct Pattern {
  ExprPtr first;
  RangeEnd end = RangeEnd::included;
  ExprPtr last;  ///< null: `first` is one value, not a range
  Span span;
};

struct Arm {
  std::vector<Pattern> patterns;  ///< empty in the arm `else`
  bool otherwise = false;
  ExprPtr result;
  Span span;
};

struct Case {
  ExprPtr subject;  ///< null: the arms' patterns are conditions
  std::vector<Arm> arms;
};

/// `..rest`; `value` is null in a bare `..`.
struct SpreadEntry {
  ExprPtr value;
};
struct NamedEntry {
  Name name;
  ExprPtr value;
};
/// `id`, `c.email`: named by its last part.
struct PlainEntry {
  ExprPtr value;
};

struct Entry {
  std::variant<SpreadEntry, NamedEntry, PlainEntry> node;
  Span span;
};

struct Struct {
  std::vector<Entry> entries;
  Span span;  ///< with the braces
};

struct List {
  std::vector<ExprPtr> elements;
};

struct Lambda {
  std::vector<Name> parameters;
  ExprPtr body;
};

/// The place of an expression that could not be read.
struct ErrorExpr {};

struct Expr {
  Span span;
  std::variant<Literal, Formatted, NameExpr, Call, MethodCall, FieldAccess, Index, Unary, Binary, In, IsNull, If, Case,
               Struct, List, Lambda, ErrorExpr>
      node;
  int height = 1;  ///< 1 + that of its highest child; at most kMaxHeight
};

// ---- types -------------------------------------------------------------------------------------------------

struct Field {
  std::string doc;
  Name name;
  TypePtr type;
  std::vector<Label> labels;
  std::optional<Text> from;  ///< its place in the record
  ExprPtr initial;           ///< null: none
  Span span;
};

struct Fields {
  std::vector<Field> list;
  std::optional<Span> others;  ///< `..`
  Span span;                   ///< with the braces
  bool broken = false;         ///< something in it could not be read: there may be other fields
};

/// `int`, `currency`, `payments.money`.
struct NamedType {
  Path path;
};
/// `decimal(12,2)`; a bare `decimal` is a NamedType.
struct DecimalType {
  Int precision;
  Int scale;
};
struct EnumType {
  std::vector<Name> symbols;
  bool broken = false;  ///< a symbol could not be read
};
struct ListType {
  TypePtr element;
};
struct MapType {
  TypePtr key;
  TypePtr value;
};
struct FunctionType {
  std::vector<Type> parameters;
  TypePtr result;
};
struct StructType {
  Fields fields;
};
struct ErrorType {};

struct Type {
  Span span;
  bool optional = false;  ///< `T?`
  std::variant<NamedType, DecimalType, EnumType, ListType, MapType, FunctionType, StructType, ErrorType> node;
};

}  // namespace braid::ast
