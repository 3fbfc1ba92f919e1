#include "serve/odata/apply.h"

#include "runtime/data/decimal.h"
#include "serve/odata/names.h"

namespace braid::serve::odata {
namespace {

constexpr size_t kMostStages = 8;
constexpr size_t kMostColumns = 64;

constexpr std::pair<std::string_view, Aggregate::Method> kMethods[] = {
    {"sum", Aggregate::Method::sum},
    {"min", Aggregate::Method::min},
    {"max", Aggregate::Method::max},
    {"average", Aggregate::Method::average},
    {"countdistinct", Aggregate::Method::countdistinct}};

constexpr std::string_view kOtherStages[] = {
    "topcount",  "topsum",      "toppercent", "bottomcount", "bottomsum", "bottompercent", "concat",
    "expand",    "search",      "compute",    "join",        "outerjoin", "nest",          "from",
    "ancestors", "descendants", "traverse",   "orderby",     "skip",      "top",           "addnested"};

/// A field of what a stage gives: a path of names that ends in a value.
struct Tree {
  std::string name;
  Type type;  ///< null: it has parts
  std::vector<Tree> parts = {};
};

void add(std::vector<Tree>& trees, const std::vector<std::string>& names, size_t at, const Type& type) {
  Tree* found = nullptr;
  for (Tree& each : trees)
    if (each.name == names[at]) found = &each;
  if (found == nullptr) found = &trees.emplace_back(Tree{.name = names[at], .type = nullptr});
  if (at + 1 == names.size())
    found->type = type;
  else
    add(found->parts, names, at + 1, type);
}

std::vector<Field> fields_of(const std::vector<Tree>& trees) {
  std::vector<Field> made;
  for (const Tree& each : trees)
    made.push_back({each.name, each.type ? each.type : struct_type(fields_of(each.parts))});
  return made;
}

/// What an expression gives, as a type of rows.
Type type_of(const Node& node) {
  switch (node.kind) {
    case Kind::boolean:
      return bool_type();
    case Kind::integer:
      return int_type();
    case Kind::decimal:
      return decimal_type(kDecimalDigits, node.scale);
    case Kind::floating:
      return float_type();
    case Kind::bytes:
      return bytes_type();
    case Kind::guid:
      return uuid_type();
    case Kind::date:
      return date_type();
    case Kind::time:
      return time_type();
    case Kind::instant:
      return timestamp_type();
    case Kind::duration:
      return duration_type();
    case Kind::enumeration:
      return node.type;
    default:
      return string_type();
  }
}

class ApplyReader {
 public:
  ApplyReader(Cursor& cursor, const Shape& shape, const Aliases& aliases)
      : cursor_(cursor), shape_(shape), aliases_(aliases) {}

  Parsed<std::vector<Stage>> run() {
    std::vector<Stage> made;
    do {
      if (made.size() == kMostStages) return wrong(fmt::format("`$apply` has at most {} stages", kMostStages));
      BRAID_TRY(stage(made));
    } while (cursor_.take('/'));
    if (!cursor_.at_end()) return cursor_.expected("`/`");
    return made;
  }

 private:
  const Shape& shape() const { return latest_ ? *latest_ : shape_; }

  Result<void, Wrong> stage(std::vector<Stage>& made) {
    const Token word = cursor_.now();
    if (word.kind != Token::Kind::name) return cursor_.expected("filter, groupby or aggregate");
    cursor_.step();
    if (word.is("identity")) return {};
    for (const std::string_view other : kOtherStages)
      if (word.is(other)) return not_implemented(fmt::format("`{}` in `$apply` is not supported", other));
    Stage stage;
    if (word.is("filter")) {
      if (!cursor_.take('(')) return cursor_.expected("`(`");
      Parser parser(cursor_, shape(), aliases_);
      BRAID_ASSIGN(stage.filter, parser.condition());
      if (!cursor_.take(')')) return cursor_.expected("`)`");
      made.push_back(std::move(stage));
      return {};
    }
    if (word.is("groupby")) {
      BRAID_TRY(groups(stage));
    } else if (word.is("aggregate")) {
      BRAID_TRY(aggregates(stage));
    } else {
      return wrong(fmt::format("`$apply` has no `{}`", word.text));
    }
    BRAID_TRY(finish(stage));
    latest_ = std::make_shared<Shape>(stage.gives);
    made.push_back(std::move(stage));
    return {};
  }

  Result<void, Wrong> groups(Stage& stage) {
    if (!cursor_.take('(') || !cursor_.take('(')) return cursor_.expected("`((`");
    do {
      if (cursor_.now().is("rollup")) return not_implemented("`rollup` is not supported");
      std::vector<std::string> names;
      do {
        if (cursor_.now().kind != Token::Kind::name) return cursor_.expected("a property");
        names.push_back(cursor_.now().text);
        cursor_.step();
      } while (cursor_.take('/'));
      std::optional<Resolved> found = shape().resolve(names);
      if (!found) return wrong(fmt::format("there is no property `{}`; there are {}", names.back(), shape().names()));
      if (found->is_row_id() || found->as_json) return not_implemented("rows are not grouped by that");
      const Kind kind = kind_of(found->type());
      if (kind == Kind::structure || kind == Kind::list)
        return wrong(fmt::format("rows are not grouped by {}; name a field in it", edm_name(kind)));
      paths_.push_back(std::move(names));
      stage.by.push_back(*std::move(found));
      if (stage.by.size() > kMostColumns) return wrong("there are too many properties to group by");
    } while (cursor_.take(','));
    if (!cursor_.take(')')) return cursor_.expected("`,` or `)`");
    if (cursor_.take(',')) {
      if (!cursor_.take("aggregate")) return not_implemented("within `groupby` stands `aggregate` alone");
      BRAID_TRY(aggregates(stage));
    }
    if (!cursor_.take(')')) return cursor_.expected("`)`");
    return {};
  }

  Result<void, Wrong> aggregates(Stage& stage) {
    if (!cursor_.take('(')) return cursor_.expected("`(`");
    do {
      Aggregate made;
      if (cursor_.take("$count")) {
      } else {
        Parser parser(cursor_, shape(), aliases_);
        BRAID_ASSIGN(made.of, parser.expression());
        if (!cursor_.take("with")) return cursor_.expected("`with`");
        const Token method = cursor_.now();
        bool known = false;
        for (const auto& [word, each] : kMethods) {
          if (!method.is(word)) continue;
          made.method = each;
          known = true;
        }
        if (method.kind == Token::Kind::name && method.text.find('.') != std::string::npos)
          return not_implemented(fmt::format("the method `{}` is not supported", method.text));
        if (!known) return cursor_.expected("sum, min, max, average or countdistinct");
        cursor_.step();
        BRAID_TRY(fits(made));
      }
      if (cursor_.now().is("from")) return not_implemented("`from` in `aggregate` is not supported");
      if (!cursor_.take("as")) return cursor_.expected("`as`");
      if (cursor_.now().kind != Token::Kind::name || !is_odata_name(cursor_.now().text))
        return cursor_.expected("a name");
      made.alias = cursor_.now().text;
      cursor_.step();
      stage.aggregates.push_back(std::move(made));
      if (stage.aggregates.size() > kMostColumns) return wrong("there are too many aggregates");
    } while (cursor_.take(','));
    if (!cursor_.take(')')) return cursor_.expected("`,` or `)`");
    return {};
  }

  Result<void, Wrong> fits(const Aggregate& made) {
    const Kind kind = made.of->kind;
    const bool adds = made.method == Aggregate::Method::sum || made.method == Aggregate::Method::average;
    if (kind == Kind::null || kind == Kind::structure || kind == Kind::list || (adds && !is_number(kind)))
      return wrong(fmt::format("{} cannot be aggregated in that way", edm_name(kind)));
    return {};
  }

  Result<void, Wrong> finish(Stage& stage) {
    std::vector<Tree> trees;
    for (size_t i = 0; i < stage.by.size(); ++i) {
      const bool is_null = is_optional(stage.by[i].place.type);
      add(trees, paths_[i], 0, is_null ? optional_type(stage.by[i].type()) : stage.by[i].type());
    }
    for (const Tree& each : trees)
      if (each.type && !each.parts.empty()) return wrong("rows are grouped by a property and by a part of it");
    for (const Aggregate& each : stage.aggregates) {
      for (const Tree& other : trees)
        if (other.name == each.alias) return wrong(fmt::format("`{}` is there twice", each.alias));
      trees.push_back({.name = each.alias, .type = type_of(each)});
    }
    stage.gives = shape_of(fields_of(trees));
    // Where the values are written to.
    for (size_t i = 0; i < stage.by.size(); ++i) {
      const std::optional<Resolved> to = stage.gives.resolve(paths_[i]);
      if (!to) return wrong("rows are grouped by a property and by a part of it");
      stage.by_places.push_back(to->place);
    }
    for (const Aggregate& each : stage.aggregates)
      stage.aggregate_places.push_back(stage.gives.find(each.alias)->place);
    paths_.clear();
    return {};
  }

  static Type type_of(const Aggregate& aggregate) {
    switch (aggregate.method) {
      case Aggregate::Method::count:
      case Aggregate::Method::countdistinct:
        return int_type();
      case Aggregate::Method::min:
      case Aggregate::Method::max:
        return optional_type(odata::type_of(*aggregate.of));
      case Aggregate::Method::sum:
        return optional_type(aggregate.of->kind == Kind::floating ? float_type()
                                                                  : decimal_type(kDecimalDigits, aggregate.of->scale));
      case Aggregate::Method::average:
        break;
    }
    if (aggregate.of->kind == Kind::floating) return optional_type(float_type());
    return optional_type(decimal_type(kDecimalDigits, std::min(aggregate.of->scale + 6, kDecimalDigits)));
  }

  Cursor& cursor_;
  const Shape& shape_;
  const Aliases& aliases_;
  std::shared_ptr<Shape> latest_;
  std::vector<std::vector<std::string>> paths_;
};

}  // namespace

Parsed<std::vector<Stage>> read_apply(std::string_view text, const Shape& shape, const Aliases& aliases) {
  BRAID_ASSIGN(std::vector<Token> tokens, read_tokens(text));
  Cursor cursor(std::move(tokens));
  return ApplyReader(cursor, shape, aliases).run();
}

}  // namespace braid::serve::odata
