#include "serve/odata/resource.h"

#include "runtime/data/ordered_bytes.h"
#include "serve/http/query.h"
#include "serve/odata/json_form.h"
#include "serve/odata/selection.h"

namespace braid::serve::odata {
namespace {

Wrong not_found(std::string message) {
  return {404, std::move(message)};
}

class ResourceReader {
 public:
  ResourceReader(const std::vector<std::string>& parts, const Model& model,
                 const std::function<bool(const EntitySet&)>& may_read)
      : parts_(parts), model_(model), may_read_(may_read) {}

  Parsed<Resource> run() {
    Resource made;
    if (parts_.empty()) return made;
    const std::string& first = parts_[0];
    if (first == "$metadata") {
      made.kind = Resource::Kind::metadata;
      if (parts_.size() > 1) return not_found("behind $metadata comes nothing");
      return made;
    }
    if (first == "$batch" || first == "$all" || first == "$entity" || first.starts_with("$crossjoin"))
      return not_implemented(fmt::format("`{}` is not supported", first.substr(0, first.find('('))));
    const size_t open = first.find('(');
    made.set = model_.find(first.substr(0, open));
    if (made.set == nullptr || !may_read_(*made.set)) return no_such_set(first.substr(0, open));
    if (open == std::string::npos) return behind_collection(std::move(made));
    made.kind = Resource::Kind::entity;
    BRAID_TRY(key(first.substr(open), made));
    return behind_entity(std::move(made));
  }

 private:
  Parsed<Resource> behind_collection(Resource made) {
    made.kind = Resource::Kind::collection;
    if (parts_.size() == 1) return made;
    if (parts_.size() == 2 && parts_[1] == "$count") {
      made.kind = Resource::Kind::count;
      return made;
    }
    if (parts_[1].starts_with('$')) return not_implemented(fmt::format("`{}` is not supported here", parts_[1]));
    return not_found(fmt::format("behind `{}` comes a key in parentheses, or $count", made.set->name));
  }

  Parsed<Resource> behind_entity(Resource made) {
    if (parts_.size() == 1) return made;
    size_t end = parts_.size();
    const std::string& last = parts_.back();
    made.kind = Resource::Kind::property;
    if (last == "$value" || last == "$count") {
      made.kind = last == "$value" ? Resource::Kind::property_value : Resource::Kind::property_count;
      --end;
    } else if (last.starts_with('$')) {
      return not_implemented(fmt::format("`{}` is not supported here", last));
    }
    if (end == 1) return wrong("an entity has no stream of bytes; `$value` stands behind a property");
    made.path.assign(parts_.begin() + 1, parts_.begin() + static_cast<std::ptrdiff_t>(end));
    const std::optional<Resolved> found = made.set->shape.resolve(made.path);
    if (!found) return not_found(fmt::format("there is no such property; there are {}", made.set->shape.names()));
    made.property = *found;
    const odata::Kind kind =
        made.property.is_row_id() || made.property.as_json ? odata::Kind::text : kind_of(made.property.type());
    if (made.kind == Resource::Kind::property_value && (kind == odata::Kind::structure || kind == odata::Kind::list))
      return wrong("`$value` stands behind a single value");
    if (made.kind == Resource::Kind::property_count && kind != odata::Kind::list)
      return wrong("`$count` stands behind a collection");
    return made;
  }

  Result<void, Wrong> key(const std::string& written, Resource& made) {
    BRAID_ASSIGN(std::vector<Token> tokens, read_tokens(written));
    Cursor cursor(std::move(tokens));
    const EntitySet& set = *made.set;
    const size_t count = set.has_row_id() ? 1 : set.key.size();
    std::vector<std::optional<Condition>> conditions(count);
    if (!cursor.take('(')) return cursor.expected("`(`");
    const bool named = cursor.now().kind == Token::Kind::name && cursor.ahead().is('=');
    for (size_t i = 0; i < count; ++i) {
      size_t place = i;
      if (named) {
        place = count;
        for (size_t j = 0; j < count; ++j)
          if (cursor.now().is(set.has_row_id() ? set.row_id_name : set.key[j].alias)) place = j;
        if (place == count || conditions[place]) return cursor.expected("a part of the key");
        cursor.step();
        if (!cursor.take('=')) return cursor.expected("`=`");
      } else if (count > 1) {
        return wrong("a key of several parts names them: (a=1,b=2)");
      }
      BRAID_TRY(part(cursor, set, place, conditions[place], made));
      if (i + 1 < count && !cursor.take(',')) return cursor.expected("`,` and the next part of the key");
    }
    if (!cursor.take(')') || !cursor.at_end()) return cursor.expected("the end of the key, `)`,");
    made.entity = set.name + written;
    if (set.has_row_id()) return {};
    for (std::optional<Condition>& each : conditions) made.key.push_back(*std::move(each));
    return {};
  }

  Result<void, Wrong> part(Cursor& cursor, const EntitySet& set, size_t place, std::optional<Condition>& condition,
                           Resource& made) {
    static const Aliases kNone;
    Parser parser(cursor, set.shape, kNone);
    BRAID_ASSIGN(NodePtr literal, parser.literal());
    if (set.has_row_id()) {
      const std::optional<std::string> bytes =
          literal->kind == odata::Kind::text ? base64_url_decoded(literal->text) : std::nullopt;
      if (!bytes) return not_found("there is no row of that key");
      made.row_id = *bytes;
      condition.emplace();
      return {};
    }
    const Resolved& field = set.key[place].field;
    const Node beside{.op = Node::Op::field, .kind = kind_of(field.type()), .type = field.type()};
    literal->value.text = literal->text;
    if (!fit_literal(*literal, beside) || literal->value.is_null())
      return wrong(fmt::format("`{}` of the key is {}", set.key[place].alias, edm_name(beside.kind)));
    condition = condition_of(field.place, field.path, Condition::Op::eq, literal->value);
    if (!condition) return wrong(fmt::format("`{}` of the key is {}", set.key[place].alias, edm_name(beside.kind)));
    return {};
  }

  const std::vector<std::string>& parts_;
  const Model& model_;
  const std::function<bool(const EntitySet&)>& may_read_;
};

}  // namespace

bool key_conditions(const EntitySet& set, std::string_view bytes, std::vector<Condition>& made) {
  for (const std::string& written : set.product->key) {
    std::vector<std::string> names;
    for (size_t at = 0; at <= written.size();) {
      const size_t end = std::min(written.find('.', at), written.size());
      names.push_back(written.substr(at, end - at));
      at = end + 1;
    }
    const std::optional<Resolved> field = shape_of(set.product->row).resolve(names);
    if (!field) return false;
    const size_t size = ordered_bytes_size(field->place.type, bytes);
    if (size == 0) return false;
    const bool is_null = is_optional(field->place.type) && bytes.front() == '\x01';
    made.push_back({.field = field->place,
                    .path = field->path,
                    .op = Condition::Op::eq,
                    .value = std::string(bytes.substr(0, size)),
                    .is_null = is_null});
    bytes.remove_prefix(size);
  }
  return bytes.empty();
}

Wrong no_such_set(const std::string& name) {
  return not_found(fmt::format("there is no entity set `{}`; the service document has them", name));
}

Parsed<Resource> read_resource(const std::vector<std::string>& parts, const Model& model,
                               const std::function<bool(const EntitySet&)>& may_read) {
  return ResourceReader(parts, model, may_read).run();
}

}  // namespace braid::serve::odata
