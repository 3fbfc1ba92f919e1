// Nodes of flows and their steps. nodes.h describes what applies to all nodes.
#pragma once

#include "compiler/ast/expression_nodes.h"

namespace braid::ast {

/// `customer`, `payments.payment version 1`, `enriched.rejected`.
struct Relation {
  Path path;
  std::optional<Int> version;
  Span span;
};

struct FromRelation {
  Relation relation;
  bool by_arrival = false;
};
struct FromEvery {
  Duration period;
};

struct From {
  std::variant<FromRelation, FromEvery> node;
  std::optional<Name> as;
  Span span;
};

struct Union {
  Relation relation;
};

struct Where {
  ExprPtr condition;
  std::optional<Name> otherwise;  ///< the port of `else`
};

struct Let {
  Name name;
  ExprPtr value;
  Span span;
};

struct Select {
  Struct row;
};

struct Drop {
  std::vector<Path> fields;
};

struct Renaming {
  Path from;
  Name to;
  Span span;
};
struct Rename {
  std::vector<Renaming> list;
};

/// `retain 30d`; no duration: `retain forever`.
struct Retain {
  std::optional<Duration> duration;
};

struct WithinWindow {};
struct WithinAny {};
/// `within -5m..2h`, `within 0s..any`.
struct WithinRange {
  ExprPtr first;
  ExprPtr last;  ///< null: `any`
};
struct MaxAge {
  Duration age;
};
struct WaitAtMost {
  Duration wait;
};
struct ElsePort {
  Name port;
};
struct ErrorClause {
  std::vector<std::string> words;  ///< in it: one of them may be a name
};

struct JoinClause {
  Span span;
  std::variant<WithinWindow, WithinAny, WithinRange, MaxAge, WaitAtMost, ElsePort, Retain, ErrorClause> node;
};

enum class JoinKind { inner, left, right, full, semi, anti };
enum class JoinPick { all, latest, nearest };

struct Join {
  JoinKind kind = JoinKind::inner;
  JoinPick pick = JoinPick::all;
  Relation relation;
  std::optional<Name> as;
  ExprPtr on;                ///< null: none, or `using`
  std::vector<Name> using_;  ///< empty: none, or `on`
  std::vector<JoinClause> clauses;
};

struct Lookup {
  bool left = false;
  Name service;
  Arguments arguments;
  Name as;
  std::optional<Name> otherwise;
};

struct Unnest {
  bool left = false;
  ExprPtr list;
  Name as;
};

/// `10m` or the name of a param.
using Length = std::variant<Duration, Name>;

struct Tumbling {
  Length length;
};
struct Hopping {
  Length length;
  Length every;
};
struct Cumulative {
  Length length;
  Length every;
};
struct Session {
  Length gap;
  std::optional<Length> max;
};
/// `span at..expires`.
struct SpanWindow {
  ExprPtr first;
  RangeEnd end = RangeEnd::included;
  ExprPtr last;
};

struct WindowZone {
  std::variant<Text, Name> zone;
};
struct WindowLate {
  Duration late;
};
struct WindowName {
  Name name;
};
struct WindowOption {
  Span span;
  std::variant<WindowZone, WindowLate, WindowName, ErrorClause> node;
};

struct Window {
  std::variant<Tumbling, Hopping, Cumulative, Session, SpanWindow> kind;
  std::vector<WindowOption> options;
};

enum class EmitKind { final, changes, every };
struct Emit {
  EmitKind kind = EmitKind::final;
  std::optional<Duration> period;  ///< of `every`
  bool wall = false;
};
/// `as name`: the identity of the step's state.
struct StateName {
  Name name;
};
struct StatefulOption {
  Span span;
  std::variant<Emit, Retain, StateName, ErrorClause> node;
};

struct Group {
  std::vector<Entry> keys;
  Struct aggregates;
  std::vector<StatefulOption> options;
};

struct Running {
  std::vector<ExprPtr> per;
  std::variant<std::monostate, Int, Duration> over;  ///< nothing, rows, a duration
  Struct aggregates;
  std::vector<StatefulOption> options;
};

enum class Direction { ascending, descending };
struct Ordering {
  ExprPtr value;
  std::optional<Direction> direction;  ///< as written; ascending if not
  Span span;
};

struct Top {
  Int count;
  bool with_ties = false;
  std::vector<Ordering> by;
  std::vector<ExprPtr> per;
  std::optional<Name> numbered;
  std::vector<StatefulOption> options;
};

struct Last {
  std::vector<ExprPtr> per;
  std::vector<StatefulOption> options;
};

struct Distinct {
  std::vector<ExprPtr> keys;
  Duration within;
  std::vector<StatefulOption> options;
};

enum class ElementKind { somewhere, next, absent };  ///< plain, `next`, `no`
/// `?` is 0..1; `{3}` is 3..3; `{3..}` has no `most`.
struct Quantity {
  int64_t least = 1;
  std::optional<int64_t> most;
  Span span;
};
struct Element {
  ElementKind kind = ElementKind::somewhere;
  Name name;
  std::optional<Quantity> quantity;
  ExprPtr condition;
  Span span;
};

struct Match {
  std::vector<ExprPtr> per;
  Duration within;
  std::vector<Element> elements;
  std::vector<StatefulOption> options;
};

/// A step that could not be read.
struct ErrorStep {};

struct Step {
  Span span;
  std::variant<Union, Where, Let, Select, Drop, Rename, Join, Lookup, Unnest, Window, Group, Running, Top, Last,
               Distinct, Match, ErrorStep>
      node;
};

struct Flow {
  std::optional<From> from;  ///< empty only after a mistake
  std::vector<Step> steps;
  Span span;  ///< with the braces
};

}  // namespace braid::ast
