#include "runtime/engine/first_ways.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace braid {
namespace {

/// An input of an operator.
using Edge = std::pair<int, int>;

const Operator& at(const Program& program, int op) {
  return program.operators[static_cast<size_t>(op)];
}

/// The relation whose records begin there; −1: none does.
int64_t relation_of(const Program& program, int op) {
  const auto& content = at(program, op).content;
  const auto sources = static_cast<int64_t>(program.sources.size());
  if (const auto* source = std::get_if<SourceOperator>(&content)) return source->source;
  if (const auto* publish = std::get_if<PublishOperator>(&content)) return sources + publish->product;
  if (const auto* port = std::get_if<PortOperator>(&content)) return sources + port->product;
  return -1;
}

bool is_of(const Operator& op, int product) {
  return std::ranges::find(op.products, product) != op.products.end();
}

bool is_same_step(const Operator& a, const Operator& b) {
  return a.span == b.span && a.text == b.text && a.products == b.products;
}

/// Which input of which operator of the whole program each input of a stage is. What a stage has beside the whole's
/// operators, to send and receive rows of ports, is none of them: no record has come to a fork there.
class StageEdges {
 public:
  explicit StageEdges(const Program& stage) : stage_(stage), whole_(*stage.whole) {
    int next = 0;
    for (int op = 0; op < static_cast<int>(stage.operators.size()); ++op) {
      const int found = std::holds_alternative<SendOperator>(at(stage, op).content) ? -1 : find(op, next);
      places_.push_back(found);
      if (found >= 0) next = found + 1;
    }
  }

  /// None: operator −1.
  Edge whole_edge(int op, int input) const {
    const auto* send = std::get_if<SendOperator>(&at(stage_, op).content);
    if (send == nullptr) return {places_[static_cast<size_t>(op)], input};
    const Operator& sender = at(stage_, op);
    const std::string_view topic = stage_.exchanges[static_cast<size_t>(send->exchange)].topic;
    for (int reader = 0; reader < static_cast<int>(whole_.operators.size()); ++reader) {
      const Operator& step = at(whole_, reader);
      if (step.state.identity == 0 || !is_same_step(step, sender)) continue;
      const int side = step.inputs.size() > 1 && topic.ends_with(".right") ? 1 : 0;
      if (step.inputs[static_cast<size_t>(side)] == places_[static_cast<size_t>(sender.inputs.front())])
        return {reader, side};
    }
    return {-1, 0};
  }

 private:
  /// A stage has the operators of the whole in their order.
  int find(int op, int next) const {
    const Operator& self = at(stage_, op);
    for (int place = next; place < static_cast<int>(whole_.operators.size()); ++place) {
      const Operator& original = at(whole_, place);
      if (original.content.index() != self.content.index() || original.state.identity != self.state.identity ||
          original.inputs.size() != self.inputs.size() || !is_same_step(original, self))
        continue;
      bool fits = true;
      for (size_t i = 0; i < self.inputs.size(); ++i) {
        const int input = places_[static_cast<size_t>(self.inputs[i])];
        fits &= input < 0 || input == original.inputs[i];
      }
      if (fits) return place;
    }
    return -1;
  }

  const Program& stage_;
  const Program& whole_;
  std::vector<int> places_;  ///< of the stage's operators in the whole, −1: it has none
};

}  // namespace

/// Through the flow of one product, from its end.
class FirstWays::Walk {
 public:
  /// `readers`: of each operator, the inputs that read it.
  Walk(const Program& program, const std::vector<std::vector<Edge>>& readers, int product)
      : program_(program), readers_(readers), product_(product) {
    next_.assign(program.operators.size(), Edge{-1, 0});
  }

  void run(int publish, Others& others) {
    visit(publish);
    std::map<uint32_t, std::set<Edge>> ways;
    for (const int begin : begins_)
      for (Edge edge = next_[static_cast<size_t>(begin)]; edge.first >= 0;
           edge = next_[static_cast<size_t>(edge.first)])
        ways[static_cast<uint32_t>(relation_of(program_, begin))].insert(edge);
    for (const auto& [relation, way] : ways)
      for (const Edge& edge : way)
        for (const Edge& other :
             readers_[static_cast<size_t>(at(program_, edge.first).inputs[static_cast<size_t>(edge.second)])])
          if (is_of(at(program_, other.first), product_) && !way.contains(other))
            others[static_cast<size_t>(other.first)][static_cast<size_t>(other.second)].push_back({product_, relation});
  }

 private:
  void visit(int op) {
    const Operator& self = at(program_, op);
    if (std::holds_alternative<TickOperator>(self.content)) return;  // it looks at the time of records alone
    for (int input = 0; input < static_cast<int>(self.inputs.size()); ++input) {
      const int from = self.inputs[static_cast<size_t>(input)];
      if (!seen_.insert(from).second) continue;
      next_[static_cast<size_t>(from)] = {op, input};
      if (relation_of(program_, from) >= 0)
        begins_.push_back(from);
      else
        visit(from);
    }
  }

  const Program& program_;
  const std::vector<std::vector<Edge>>& readers_;
  const int product_;
  std::vector<Edge> next_;  ///< the input through which the first way of an operator's rows goes; operator −1: none
  std::set<int> seen_;
  std::vector<int> begins_;
};

FirstWays::Others FirstWays::of_whole(const Program& whole) {
  Others others(whole.operators.size());
  std::vector<std::vector<Edge>> readers(whole.operators.size());
  for (int op = 0; op < static_cast<int>(whole.operators.size()); ++op) {
    const Operator& self = at(whole, op);
    others[static_cast<size_t>(op)].resize(self.inputs.size());
    // A port has rows of its own, and of ticks those that they read are nothing but a time.
    if (std::holds_alternative<PortOperator>(self.content) || std::holds_alternative<TickOperator>(self.content))
      continue;
    for (int input = 0; input < static_cast<int>(self.inputs.size()); ++input)
      readers[static_cast<size_t>(self.inputs[static_cast<size_t>(input)])].emplace_back(op, input);
  }
  for (int op = 0; op < static_cast<int>(whole.operators.size()); ++op)
    if (const auto* publish = std::get_if<PublishOperator>(&at(whole, op).content))
      Walk(whole, readers, publish->product).run(op, others);
  return others;
}

FirstWays::FirstWays(const Program& program) : others_(of_whole(program.whole == nullptr ? program : *program.whole)) {
  if (program.whole == nullptr) return;
  const Others whole = std::move(others_);
  const StageEdges edges(program);
  const auto sources = static_cast<uint32_t>(program.whole->sources.size());
  const uint32_t exchanges = static_cast<uint32_t>(program.sources.size()) - sources;
  others_.assign(program.operators.size(), {});
  for (int op = 0; op < static_cast<int>(program.operators.size()); ++op)
    for (int input = 0; input < static_cast<int>(at(program, op).inputs.size()); ++input) {
      std::vector<Other>& others = others_[static_cast<size_t>(op)].emplace_back();
      const Edge edge = edges.whole_edge(op, input);
      if (edge.first < 0) continue;
      others = whole[static_cast<size_t>(edge.first)][static_cast<size_t>(edge.second)];
      for (Other& other : others)
        if (other.relation >= sources) other.relation += exchanges;
    }
}

}  // namespace braid
