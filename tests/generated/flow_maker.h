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
  bool windows = false;            ///< made by windows, and has their field `window`
  bool arrives = true;             ///< each row is one record, so that it has an arrival
  bool ranked_in_windows = false;  ///< its key has the window of a `group`, so that `top` ranks the rows of each
  bool history = true;             ///< of a table: a stream may meet what it was at a time
  /// Of rows of one record and instant nothing says which is the first.
  bool pairs = false;
  /// Pairs of rows of two streams: those of one left row and instant go by their right rows. Groups and ranks of the
  /// first scripts do not read them.
  bool met = false;
  double rows = 20;               ///< about how many there are
  bool united = false;            ///< of several sources, whose rows share places behind a product
  bool of_tables = false;         ///< changes of tables are among what it is made of
  bool nameless_key = false;      ///< a part of its key is computed
  std::set<std::string> sources;  ///< that its rows come from

  /// As what reads it finds it.
  void end();

  const Field* find(const std::string& field) const;
};

/// Of the script: what a look-up gives, and what it asks with.
struct Service {
  std::string name;
  std::vector<Type> parameters;
  std::vector<Field> answer;
  bool optional = false;  ///< no answer goes on
};

/// What the flows of a script share.
struct Surroundings {
  Rng& rng;
  std::vector<Relation> relations;  ///< that may be read
  std::vector<Relation> ports;      ///< of products
  std::vector<ScriptFunction> functions, aggregates;
  std::vector<Service> services;
  std::vector<Part> items;                         ///< of the script, in order
  bool waits = false;                              ///< rows wait by the wall clock somewhere
  bool changing = false;                           ///< windows may put out changes, and keys may be forgotten
  bool wide = false;                               ///< all steps and functions may occur
  bool inner_keys = false;                         ///< keys of tables may lie inside structs
  bool ordered_pairs = false;                      ///< steps that go by place may read pairs of rows of two streams
  bool ordered_groups = false;                     ///< so may groups and ranks, and the right side of joins
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
  const std::vector<Relation>& ports() const { return made_ports_; }
  /// `{ from … }`
  Part text() const;
  ExpressionMaker expressions() const;
  ExpressionMaker over(std::vector<Readable> scope) const;

 private:
  using Kind = Relation::Kind;

  // flow_maker.cpp: row by row
  void from(const Relation& relation);
  void step();
  bool wide_step();  ///< one of those that narrow scripts do not have; false: none that fits
  void add(std::vector<Part> parts) { steps_.push_back(whole(std::move(parts))); }
  void keep();
  void narrow();
  void let();
  void select();
  void drop();
  void rename();
  void unite();
  void distinct();
  void unnest();
  /// Nothing says which of rows of one record and instant is the first, for groups and ranks.
  bool unordered() const { return now_.pairs || (now_.met && !around_.ordered_groups); }
  bool is_table() const { return now_.kind == Kind::table || now_.kind == Kind::changes; }
  Part else_port(int one_in);
  Part else_port(int one_in, const Relation& rows);  ///< of which rows go there, which others may read
  std::vector<Readable> scope() const;
  std::vector<std::string> free_fields() const;  ///< that no table needs
  Readable some_key(const std::vector<Readable>& among, bool& found);

  // flow_groups.cpp
  void window();
  void group();
  void last();
  void last_of_table();
  void last_of_windows();
  std::string retained();  ///< ` retain …`
  std::string emitted();   ///< perhaps ` emit every …`, of a table
  Part entry(const std::string& name, ExpressionMaker& maker, Type* type);
  std::optional<Part> entry_of_all(const std::string& name, ExpressionMaker& maker, Type* type);

  // flow_ranks.cpp
  void top();
  void running();
  std::vector<Part> some_keys(int most, bool plain, std::vector<KeyPart>* key);

  // flow_patterns.cpp
  void match();
  void lookup();

  // flow_joins.cpp
  void join_stream();
  struct Equality {
    std::vector<Part> parts;                  ///< conditions, to be joined by `and`
    std::set<std::string> of_left, of_right;  ///< fields of the two sides
  };
  Equality equal_fields(const Relation& right, const std::string& alias, size_t most);
  std::vector<Readable> scope_with(const Relation& right, const std::string& alias) const;
  void add_side(const Relation& right, const std::string& alias, bool optional);
  // flow_table_joins.cpp
  void join_table();
  void join_tables();
  const Relation* some_relation(const std::set<Kind>& kinds, bool with_time);

  Surroundings& around_;
  Rng& rng_;
  Relation now_;
  std::vector<Part> steps_;
  std::vector<Relation> made_ports_;
  bool ports_ = false;
  bool rows_go_ = false;  ///< entries are of rows that go again
  struct Open {
    bool joinable = false;  ///< rows of two streams may share such a window
    double copies = 1;      ///< of a row, if they are joined
    bool readable = false;  ///< a row knows it
    bool session = false;
    bool late = false;
  };
  std::optional<Open> window_;
};

std::vector<Readable> readables(const std::vector<Field>& row, const std::string& prefix = "");
/// Values of which few are different, and that can be compared.
bool is_key(const Type& type);

}  // namespace braid::generated
