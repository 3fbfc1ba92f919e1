// Random flows: a `from` and steps, each of which the checker should allow where it stands. Knows of the rows at hand
// what the checker knows: fields and their types, kind, key, time. From a seed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/generated/expression_maker.h"
#include "tests/generated/script_tree.h"

namespace braid::generated {

/// What tells the rows of a table apart; a path, as it would be written.
struct KeyPart {
  std::string text;
  Type type;
};

/// A source, view or product, or the rows at a step of a flow.
struct Relation {
  enum class Kind {
    stream,
    table,         ///< a history of versions
    static_table,  ///< without time
    changes        ///< made by a step
  };
  std::string name;
  Kind kind = Kind::stream;
  std::vector<Field> row;
  std::vector<KeyPart> key;
  std::set<std::string> fixed;  ///< fields of key and time, which no `let` replaces
  std::string time;             ///< a field, if it is still there
  bool has_time = true;
  bool joined_in_time = false;
  bool windows = false;  ///< made by windows, and has their field `window`
  bool arrives = true;   ///< each row is one record, so that it has an arrival
  /// Pairs of rows of two streams: of those of one left row and instant nothing says which is the first.
  bool pairs = false;
  double rows = 20;  ///< about how many there are

  const Field* find(const std::string& field) const;
};

/// What the flows of a script share.
struct Surroundings {
  Rng& rng;
  std::vector<Relation> relations;  ///< that may be read
  std::vector<ScriptFunction> functions;
  std::vector<Part> items;                         ///< of the script, in order
  bool waits = false;                              ///< rows wait by the wall clock somewhere
  bool changing = false;                           ///< windows may put out changes, and keys may be forgotten
  std::map<std::string, std::vector<Field>> rows;  ///< of each view and product, as they should be

  std::string new_name(const std::string& prefix) { return prefix + std::to_string(++names); }
  int names = 0;
};

class FlowMaker {
 public:
  explicit FlowMaker(Surroundings& around) : around_(around), rng_(around.rng) {}

  /// A flow from any relation that can begin one. `ports`: rows may go to ports.
  void make(int steps, bool ports);
  const Relation& result() const { return now_; }
  /// `{ from … }`
  Part text() const;
  ExpressionMaker expressions() const;

 private:
  using Kind = Relation::Kind;

  // flow_maker.cpp: row by row
  void from(const Relation& relation);
  void step();
  void add(std::vector<Part> parts) { steps_.push_back(whole(std::move(parts))); }
  void keep();
  void narrow();
  void let();
  void select();
  void drop();
  void rename();
  void unite();
  void distinct();
  bool is_table() const { return now_.kind == Kind::table || now_.kind == Kind::changes; }
  Part else_port(int one_in);
  std::vector<Readable> scope() const;
  std::vector<std::string> free_fields() const;  ///< that no table needs
  Readable some_key(const std::vector<Readable>& among, bool& found);

  // flow_groups.cpp
  void window();
  void group();
  void last();
  std::string retained();  ///< ` retain …`
  Part entry(const std::string& name, ExpressionMaker& maker, Type* type);

  // flow_joins.cpp
  void join_table();
  void join_stream();
  void join_tables();
  struct Equality {
    std::vector<Part> parts;         ///< conditions, to be joined by `and`
    std::set<std::string> of_right;  ///< fields of the right side
  };
  Equality equal_fields(const Relation& right, const std::string& alias, size_t most);
  std::vector<Readable> scope_with(const Relation& right, const std::string& alias) const;
  void add_side(const Relation& right, const std::string& alias, bool optional);
  const Relation* some_relation(const std::set<Kind>& kinds, bool with_time);

  Surroundings& around_;
  Rng& rng_;
  Relation now_;
  std::vector<Part> steps_;
  bool ports_ = false;
  struct Open {
    bool tumbling = false;  ///< of fixed length, closing at once: can be joined in
    bool readable = false;  ///< a row knows it
  };
  std::optional<Open> window_;
};

std::vector<Readable> readables(const std::vector<Field>& row, const std::string& prefix = "");
/// Values of which few are different, and that can be compared.
bool is_key(const Type& type);

}  // namespace braid::generated
