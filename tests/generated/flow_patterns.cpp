// `match`: patterns of rows of a key. `lookup`: what services answer. `from every`: ticks.
#include <fmt/format.h>

#include "tests/generated/flow_maker.h"

namespace braid::generated {

void FlowMaker::match() {
  if (!now_.has_time || now_.pairs) return keep();
  std::vector<Part> parts{"match "};
  std::vector<KeyPart> key;
  std::vector<Part> keys = some_keys(1, true, &key);
  std::vector<Field> row;
  for (const KeyPart& part : key) row.push_back({part.text, part.type});
  if (!keys.empty()) {
    parts.emplace_back("per ");
    parts.push_back(list(", ", std::move(keys)));
    parts.emplace_back(" ");
  }
  parts.emplace_back(fmt::format("within {}s {{ ", rng_.between(2, 20)));
  const Type element = struct_type(now_.row);
  std::vector<Readable> known = scope();
  std::vector<Part> elements;
  const int64_t count = rng_.between(1, 3);
  bool after_no = false;
  for (int64_t i = 0; i < count; ++i) {
    const std::string name = around_.new_name("m");
    const bool first = i == 0;
    const bool no = !first && rng_.chance(4), next = !first && !no && !after_no && rng_.chance(5);
    const bool optional = !first && !no && !next && rng_.chance(6);
    std::string quantity;
    if (optional)
      quantity = "?";
    else if (!no && rng_.chance(3)) {
      static const char* const kQuantities[] = {"{1..}", "{2}", "{1..2}", "{2..}", "{2..3}"};
      quantity = kQuantities[rng_.below(std::size(kQuantities))];
    }
    const bool list_of_rows = !quantity.empty() && !optional;
    after_no = no;
    ExpressionMaker maker = over(known).with_time(true);
    elements.push_back(whole({std::string(no     ? "no "
                                          : next ? "next "
                                                 : "") +
                                  name + quantity + ": ",
                              maker.condition(2)}));
    if (no) continue;
    // Elements of a list are read by its functions; of others the fields.
    if (list_of_rows) {
      row.push_back({name, list_type(element)});
      known.push_back({name + ".length()", int_type()});
    } else {
      row.push_back({name, optional ? optional_type(element) : element});
      for (Readable& each : readables({row.back()})) known.push_back(std::move(each));
    }
  }
  parts.push_back(list(", ", std::move(elements)));
  parts.emplace_back(" }");
  add(std::move(parts));
  now_.row = std::move(row);
  now_.key = std::move(key);
  now_.fixed.clear();
  for (const KeyPart& part : now_.key) now_.fixed.insert(part.text);
  if (window_) {
    now_.row.push_back({"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})});
    now_.fixed.insert("window");
    window_.reset();
  }
  now_.time.clear();
  now_.arrives = now_.windows = now_.ranked_in_windows = false;
  now_.nameless_key = now_.key.empty();
}

void FlowMaker::lookup() {
  if (around_.services.empty()) return keep();
  const Service& service = around_.services[rng_.below(around_.services.size())];
  std::vector<Part> arguments;
  for (const Type& parameter : service.parameters) {
    std::vector<Readable> fitting;
    for (const Readable& each : scope())
      if (same(without_optional(each.type), parameter)) fitting.push_back(each);
    arguments.push_back(!fitting.empty() && !rng_.chance(4) ? Part(fitting[rng_.below(fitting.size())].text)
                                                            : expressions().exact(parameter, 2));
  }
  const bool left = rng_.chance(2);
  const std::string alias = around_.new_name("q");
  Part port = left || service.optional ? Part("") : else_port(4, now_);
  add({left ? "left lookup " : "lookup ", service.name + "(", whole({list(", ", std::move(arguments))}),
       ") as " + alias, std::move(port)});
  const Type answer = struct_type(service.answer);
  now_.row.push_back({alias, left || service.optional ? optional_type(answer) : answer});
}

}  // namespace braid::generated
