#include "serve/rest/asked.h"

#include <charconv>
#include <cstring>

#include "runtime/data/key_bytes.h"
#include "runtime/data/ordered_bytes.h"
#include "runtime/data/time_text.h"
#include "runtime/declare/path_template.h"
#include "serve/http/query.h"
#include "serve/rest/api.h"

namespace braid::serve {
namespace {

Error wrong(std::string text) {
  return {ErrorKind::input, std::move(text), 0, 0};
}

std::string names_of(const std::vector<Field>& row) {
  std::vector<std::string> names;
  for (const Field& field : row) names.push_back(field.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

template <class T>
std::optional<T> whole_number(const std::string& text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Condition::Op> comparison(std::string_view word) {
  using Op = Condition::Op;
  static constexpr std::pair<std::string_view, Op> kWords[] = {{"eq", Op::eq}, {"ne", Op::ne}, {"lt", Op::lt},
                                                               {"le", Op::le}, {"gt", Op::gt}, {"ge", Op::ge}};
  for (const auto& [each, op] : kWords)
    if (each == word) return op;
  return std::nullopt;
}

/// The query without its token, so that a token is not used with another one, or of another product.
uint64_t digest_of(const ApiProduct& product, const Query& query) {
  std::string text = fmt::format("{}@{}?", product.qualified(), product.version);
  for (const auto& [name, value] : query)
    if (name != "after" && name != "limit") text.append(name).append(1, '=').append(value).append(1, '&');
  return key_hash(text);
}

}  // namespace

std::optional<NamedPath> named_path(const std::vector<Field>& row, const std::string& text) {
  NamedPath made{.text = text, .path = path_in_row(row, text), .place = {}};
  if (made.path.empty()) return std::nullopt;
  made.place = place_of(row, made.path);
  return made;
}

std::optional<std::string> value_bytes(const FieldPlace& place, const std::string& text) {
  const Shape shape = make_shape(without_optional(place.type), nullptr, TimestampUnit::none);
  if (!shape.children.empty()) return std::nullopt;
  Arena arena;
  std::vector<Slot> slots(1, slot_i128(0));
  const bool is_number = shape.kind == TypeKind::floating && is_json_number(text);
  const ConversionFault fault =
      is_number ? read_number(shape, text, slots.data()) : read_key(shape, text, slots.data(), arena);
  if (fault != ConversionFault::none) return std::nullopt;
  std::string bytes;
  if (is_optional(place.type)) bytes.push_back('\0');
  append_ordered_bytes(without_optional(place.type), slots.data(), bytes);
  return bytes;
}

Result<AskedRows> read_query(const ApiProduct& product, const Query& query, bool one) {
  AskedRows asked;
  std::optional<std::string> token;
  for (const auto& [name, value] : query) {
    if (name == "as_of") {
      int64_t time = 0;
      if (!parse_timestamp(value, &time)) return wrong("`as_of` is an instant, like 2026-01-31T12:00:00Z");
      asked.plan.as_of.time = time;
      continue;
    }
    if (name == "at_epoch") {
      asked.plan.as_of.epoch = whole_number<uint64_t>(value);
      if (!asked.plan.as_of.epoch) return wrong("`at_epoch` is the number of an epoch");
      continue;
    }
    if (name == "min_epoch") {
      asked.min_epoch = whole_number<uint64_t>(value);
      if (!asked.min_epoch) return wrong("`min_epoch` is the number of an epoch");
      continue;
    }
    if (name == "wait") {
      if (!parse_duration_literal(value, &asked.wait_us) || asked.wait_us < 0 || asked.wait_us > Api::kLongestWait)
        return wrong("`wait` is a duration of at most 10s, like 500ms");
      continue;
    }
    if (name == "fields") {
      for (size_t at = 0; at <= value.size();) {
        const size_t end = std::min(value.find(',', at), value.size());
        const std::string field = value.substr(at, end - at);
        const int found = find_field(product.row, field);
        if (found < 0)
          return wrong(
              fmt::format("`{}` has no field `{}`; it has {}", product.qualified(), field, names_of(product.row)));
        asked.fields.push_back(found);
        at = end + 1;
      }
      continue;
    }
    if (!one && name == "limit") {
      const std::optional<uint64_t> limit = whole_number<uint64_t>(value);
      if (!limit || *limit == 0 || *limit > Api::kMostRows)
        return wrong(fmt::format("`limit` is a number from 1 to {}", Api::kMostRows));
      asked.plan.limit = *limit;
      continue;
    }
    if (!one && name == "after") {
      token = base64_url_decoded(value);
      if (!token || token->size() < 2 * sizeof(uint64_t)) return wrong("`after` is the `next` of an answer before");
      continue;
    }
    if (!one && name == "order") {
      asked.plan.descending = value.starts_with('-');
      const std::string by = value.substr(asked.plan.descending ? 1 : 0);
      if (by == "key" || by == "time") {
        if ((by == "key") != product.keyed)
          return wrong(fmt::format("rows of `{}` come in the order of {}", product.qualified(),
                                   product.keyed ? "their key" : "time"));
        continue;
      }
      const auto index = std::find(product.indexes.begin(), product.indexes.end(), by);
      if (index == product.indexes.end())
        return wrong(fmt::format("`{}` has no index of `{}`; rows come in the order of `{}`{}{}", product.qualified(),
                                 by, product.keyed ? "key" : "time", product.indexes.empty() ? "" : ", ",
                                 fmt::join(product.indexes, ", ")));
      // Of events with a key the first index is that of the key.
      const bool has_key_index = !product.keyed && !product.key.empty();
      asked.plan.by_index = static_cast<size_t>(index - product.indexes.begin()) + (has_key_index ? 1 : 0);
      continue;
    }
    std::optional<NamedPath> path = named_path(product.row, name);
    Condition condition;
    if (!path) {
      const size_t dot = name.rfind('.');
      const std::optional<Condition::Op> op =
          dot == std::string::npos ? std::nullopt : comparison(std::string_view(name).substr(dot + 1));
      const bool is_null = dot != std::string::npos && name.substr(dot) == ".null";
      if (op || is_null) path = named_path(product.row, name.substr(0, dot));
      if (op) condition.op = *op;
      if (path && is_null) {
        if ((value != "true" && value != "false") || !is_optional(path->place.type))
          return wrong(fmt::format("`{}` is true or false, of a field that may be null", name));
        condition.op = value == "true" ? Condition::Op::eq : Condition::Op::ne;
        condition.is_null = true;
        condition.value = "\x01";
      }
    }
    if (!path || one)
      return wrong(
          one ? fmt::format("`{}` cannot be asked of one row", name)
              : fmt::format("`{}` has no field `{}`; it has {}", product.qualified(), name, names_of(product.row)));
    condition.field = path->place;
    condition.path = path->path;
    if (!condition.is_null) {
      std::optional<std::string> bytes = value_bytes(path->place, value);
      if (!bytes) {
        const Type& type = without_optional(path->place.type);
        const bool plain = is_ordered(type) || is(type, TypeKind::boolean) || is(type, TypeKind::uuid) ||
                           is(type, TypeKind::bytes) || is(type, TypeKind::enumeration);
        return wrong(
            plain ? fmt::format("`{}` is no {}, which `{}` is", value, to_string(type), path->text)
                  : fmt::format("`{}` is a {}, with which nothing can be compared", path->text, to_string(type)));
      }
      condition.value = *std::move(bytes);
    }
    asked.plan.where.push_back(std::move(condition));
  }
  if (asked.plan.as_of.time && asked.plan.as_of.epoch) return wrong("`as_of` and `at_epoch` exclude each other");
  if (token) {
    uint64_t head[2];
    std::memcpy(head, token->data(), sizeof(head));
    if (head[1] != digest_of(product, query)) return wrong("`after` belongs to another query");
    asked.pinned_epoch = head[0];
    asked.plan.behind = token->substr(sizeof(head));
  }
  return asked;
}

std::string token_of(uint64_t epoch, const ApiProduct& product, const Query& query, std::string_view position) {
  const uint64_t head[2] = {epoch, digest_of(product, query)};
  std::string bytes(sizeof(head), '\0');
  std::memcpy(bytes.data(), head, sizeof(head));
  return base64_url(bytes.append(position));
}

}  // namespace braid::serve
