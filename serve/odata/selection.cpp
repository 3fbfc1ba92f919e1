#include "serve/odata/selection.h"

#include "runtime/data/ordered_bytes.h"

namespace braid::serve::odata {
namespace {

using Op = Node::Op;

size_t count_nodes(const Node& node) {
  size_t count = 1;
  for (const NodePtr& each : node.of) count += count_nodes(*each);
  return count;
}

std::optional<Condition::Op> comparison(Op op) {
  switch (op) {
    case Op::eq:
      return Condition::Op::eq;
    case Op::ne:
      return Condition::Op::ne;
    case Op::lt:
      return Condition::Op::lt;
    case Op::le:
      return Condition::Op::le;
    case Op::gt:
      return Condition::Op::gt;
    case Op::ge:
      return Condition::Op::ge;
    default:
      return std::nullopt;
  }
}

Condition::Op mirrored(Condition::Op op) {
  switch (op) {
    case Condition::Op::lt:
      return Condition::Op::gt;
    case Condition::Op::le:
      return Condition::Op::ge;
    case Condition::Op::gt:
      return Condition::Op::lt;
    case Condition::Op::ge:
      return Condition::Op::le;
    case Condition::Op::eq:
    case Condition::Op::ne:
      return op;
  }
  return op;
}

class Pusher {
 public:
  explicit Pusher(Selection& made) : made_(made) {}

  void add(const Node& node) {
    if (node.op == Op::all_of) {
      for (const NodePtr& each : node.of) add(*each);
      return;
    }
    if (pushes(node)) return;
    // Not all that it says, but where to look.
    push_range(node);
    made_.rest.push_back(&node);
  }

 private:
  bool pushes(const Node& node) {
    std::optional<Condition::Op> op = comparison(node.op);
    if (!op) return false;
    const Node* field = node.of[0].get();
    const Node* literal = node.of[1].get();
    if (field->op == Op::literal) {
      std::swap(field, literal);
      op = mirrored(*op);
    }
    if (field->op != Op::field || literal->op != Op::literal) return false;
    const std::optional<Condition> condition = condition_of(field->place, field->path, *op, literal->value);
    if (!condition) return false;
    push(*condition, node);
    // A NaN is above all numbers in a view, and beside them here.
    return field->kind != Kind::floating;
  }

  /// The one field that alternatives are about, and the values that it may have.
  struct Values {
    const Node* field = nullptr;
    std::vector<const Datum*> values = {};

    bool add(const Node& each) {
      if (each.op == Op::any_of) {
        return std::all_of(each.of.begin(), each.of.end(), [&](const NodePtr& part) { return add(*part); });
      }
      if (each.op != Op::eq && each.op != Op::in) return false;
      const bool turned = each.op == Op::eq && each.of[0]->op == Op::literal;
      const Node& of = *each.of[turned ? 1 : 0];
      if (of.op != Op::field || (field != nullptr && field->path != of.path)) return false;
      field = &of;
      for (size_t i = 0; i < each.of.size(); ++i) {
        const Node& value = *each.of[i];
        if (&value == &of) continue;
        if (value.op != Op::literal || value.value.is_null()) return false;
        values.push_back(&value.value);
      }
      return true;
    }
  };

  void push(Condition condition, const Node& node) {
    made_.pushed.push_back(std::move(condition));
    made_.origin.push_back(&node);
  }

  void push_range(const Node& node) {
    if (node.op == Op::function && node.function == Function::startswith) return push_prefix(node);
    if (node.op != Op::any_of && node.op != Op::in) return;
    Values found;
    if (!found.add(node) || found.values.empty() || found.field->kind == Kind::floating) return;
    std::optional<Condition> least, most;
    for (const Datum* value : found.values) {
      std::optional<Condition> each = condition_of(found.field->place, found.field->path, Condition::Op::ge, *value);
      if (!each) return;
      if (!least || each->value < least->value) least = each;
      if (!most || each->value > most->value) most = each;
    }
    const bool is_one = least->value == most->value;
    least->op = is_one ? Condition::Op::eq : Condition::Op::ge;
    most->op = Condition::Op::le;
    push(*std::move(least), node);
    if (!is_one) push(*std::move(most), node);
  }

  void push_prefix(const Node& node) {
    const Node& field = *node.of[0];
    const Node& literal = *node.of[1];
    if (field.op != Op::field || literal.op != Op::literal || literal.value.text.empty()) return;
    std::string behind(literal.value.text);
    if (behind.back() == '\xFF' || !is(field.type, TypeKind::string)) return;
    std::optional<Condition> least = condition_of(field.place, field.path, Condition::Op::ge, literal.value);
    ++behind.back();
    std::optional<Condition> most = condition_of(field.place, field.path, Condition::Op::lt, text_datum(behind));
    if (!least || !most) return;
    push(*std::move(least), node);
    push(*std::move(most), node);
  }

  Selection& made_;
};

}  // namespace

std::optional<Condition> condition_of(const FieldPlace& place, const std::vector<int>& path, Condition::Op op,
                                      const Datum& value) {
  Condition made{.field = place, .path = path, .op = op, .value = {}};
  if (value.is_null()) {
    if (!is_optional(place.type) || (op != Condition::Op::eq && op != Condition::Op::ne)) return std::nullopt;
    made.is_null = true;
    made.value = "\x01";
    return made;
  }
  const Type& type = without_optional(place.type);
  const std::optional<Slot> slot = slot_of(value, type);
  if (!slot) return std::nullopt;
  if (is_optional(place.type)) made.value.push_back('\0');
  append_ordered_bytes(type, &*slot, made.value);
  return made;
}

void Selection::take_back(size_t condition) {
  const Node* node = origin[condition];
  if (std::find(rest.begin(), rest.end(), node) == rest.end()) rest.push_back(node);
  pushed.erase(pushed.begin() + static_cast<std::ptrdiff_t>(condition));
  origin.erase(origin.begin() + static_cast<std::ptrdiff_t>(condition));
}

size_t Selection::nodes() const {
  size_t count = 0;
  for (const Node* each : rest) count += count_nodes(*each);
  return count;
}

Selection select_rows(const std::vector<const Node*>& filters, bool push) {
  Selection made;
  Pusher pusher(made);
  for (const Node* each : filters) {
    if (push) {
      pusher.add(*each);
      continue;
    }
    made.rest.push_back(each);
  }
  return made;
}

}  // namespace braid::serve::odata
