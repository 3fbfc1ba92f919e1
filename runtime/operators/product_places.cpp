#include "runtime/operators/product_places.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "runtime/base/check.h"
#include "runtime/operators/operator.h"

namespace braid {
namespace {

/// Where the whole program has what this stage reads from an exchange: its only reader keeps state, by which it is
/// known. Nothing for rows of a port: a union stands in the place of the port, whose rows have their places already.
std::optional<int> of_whole(const Program& stage, int exchange) {
  for (const Operator& reader : stage.operators) {
    const auto input = std::ranges::find(reader.inputs, exchange);
    if (input == reader.inputs.end() || reader.state.identity == 0) continue;
    for (const Operator& original : stage.whole->operators)
      if (original.state.identity == reader.state.identity && !std::holds_alternative<PortOperator>(original.content))
        return original.inputs[static_cast<size_t>(input - reader.inputs.begin())];
  }
  return std::nullopt;
}

uint32_t sum(uint32_t a, uint32_t b) {
  return a > std::numeric_limits<uint32_t>::max() - b ? std::numeric_limits<uint32_t>::max() : a + b;
}

}  // namespace

bool makes_rows(const Operator& op) {
  return std::holds_alternative<GroupOperator>(op.content) || std::holds_alternative<TopOperator>(op.content) ||
         std::holds_alternative<LatestOperator>(op.content) || std::holds_alternative<TickOperator>(op.content) ||
         std::holds_alternative<TableJoinOperator>(op.content) || std::holds_alternative<MatchOperator>(op.content);
}

std::vector<uint32_t> made_ways(const Program& program) {
  std::vector<uint32_t> whole;
  if (program.whole != nullptr) whole = made_ways(*program.whole);
  std::vector<uint32_t> ways(program.operators.size(), 0);
  for (size_t op = 0; op < program.operators.size(); ++op) {
    const Operator& self = program.operators[op];
    if (makes_rows(self)) {
      ways[op] = 1;
    } else if (const auto* source = std::get_if<SourceOperator>(&self.content)) {
      if (!program.sources[static_cast<size_t>(source->source)].is_exchange() || program.whole == nullptr) continue;
      if (const auto input = of_whole(program, static_cast<int>(op))) ways[op] = whole[static_cast<size_t>(*input)];
    } else if (std::holds_alternative<PublishOperator>(self.content) ||
               std::holds_alternative<PortOperator>(self.content) || self.inputs.empty()) {
      continue;  // its rows are those of the product
    } else if (std::holds_alternative<UnionOperator>(self.content)) {
      for (const int input : self.inputs) ways[op] = sum(ways[op], ways[static_cast<size_t>(input)]);
    } else {
      for (const int input : self.inputs) ways[op] = std::max(ways[op], ways[static_cast<size_t>(input)]);
    }
  }
  return ways;
}

/// Through the flow of one product, from its end.
class ProductPlaces::Walk {
 public:
  Walk(const Program& program, const std::vector<uint32_t>& made, std::vector<std::optional<Product>>& known)
      : program_(program), made_(made), known_(known), seen_(program.operators.size(), false) {}

  Product run(int publish) {
    product_.shares.resize(program_.sources.size() + program_.products.size() + 1);
    product_.ways = 0;
    for (const int input : program_.operators[static_cast<size_t>(publish)].inputs) visit(input);
    if (made_here_ > 0) add(made_source(program_), made_here_, "made");
    product_.ways = std::max(product_.ways, uint32_t{1});
    if (product_.ways == 1) product_.text.clear();
    return std::move(product_);
  }

 private:
  void add(uint32_t relation, uint32_t ways, const std::string& name) {
    Share& share = product_.shares[relation];
    if (share.ways > 0) return;
    share = {product_.ways, ways};
    product_.ways = sum(product_.ways, ways);
    product_.text += (product_.text.empty() ? "" : "+") + name;
    if (ways > 1) product_.text += fmt::format("*{}", ways);
  }

  void add_product(int product) {
    const ProductSpec& spec = program_.products[static_cast<size_t>(product)];
    add(static_cast<uint32_t>(program_.sources.size()) + static_cast<uint32_t>(product), of(product).ways,
        spec.qualified());
  }

  const Product& of(int product) {
    std::optional<Product>& known = known_[static_cast<size_t>(product)];
    if (!known) {
      known.emplace();
      for (size_t op = 0; op < program_.operators.size(); ++op)
        if (const auto* publish = std::get_if<PublishOperator>(&program_.operators[op].content);
            publish != nullptr && publish->product == product)
          known = Walk(program_, made_, known_).run(static_cast<int>(op));
    }
    return *known;
  }

  void visit(int op) {
    if (seen_[static_cast<size_t>(op)]) return;
    seen_[static_cast<size_t>(op)] = true;
    const Operator& self = program_.operators[static_cast<size_t>(op)];
    if (const auto* source = std::get_if<SourceOperator>(&self.content))
      return add(static_cast<uint32_t>(source->source), 1, program_.sources[static_cast<size_t>(source->source)].name);
    if (const auto* publish = std::get_if<PublishOperator>(&self.content)) return add_product(publish->product);
    if (const auto* port = std::get_if<PortOperator>(&self.content)) return add_product(port->product);
    // Rows may leave by a port before a step that makes others.
    made_here_ = std::max(made_here_, made_[static_cast<size_t>(op)]);
    for (const int input : self.inputs) visit(input);
  }

  const Program& program_;
  const std::vector<uint32_t>& made_;
  std::vector<std::optional<Product>>& known_;
  std::vector<bool> seen_;
  Product product_;
  uint32_t made_here_ = 0;
};

ProductPlaces::ProductPlaces(const Program& program) : sources_(static_cast<uint32_t>(program.sources.size())) {
  const Program& whole = program.whole == nullptr ? program : *program.whole;
  const std::vector<uint32_t> made = made_ways(whole);
  std::vector<std::optional<Product>> found(whole.products.size());
  for (size_t op = 0; op < whole.operators.size(); ++op)
    if (const auto* publish = std::get_if<PublishOperator>(&whole.operators[op].content))
      if (auto& product = found[static_cast<size_t>(publish->product)]; !product)
        product = Walk(whole, made, found).run(static_cast<int>(op));
  for (std::optional<Product>& product : found) {
    products_.push_back(product ? std::move(*product) : Product{});
    std::vector<Share>& shares = products_.back().shares;
    shares.resize(whole.sources.size() + whole.products.size() + 1);
    shares.insert(shares.begin() + static_cast<std::ptrdiff_t>(whole.sources.size()),
                  program.sources.size() - whole.sources.size(), Share{});
  }
}

Status ProductPlaces::check(const Program& program) const {
  for (size_t product = 0; product < products_.size(); ++product)
    if (products_[product].ways > kMostWays)
      return Error{ErrorKind::usage,
                   fmt::format("rows come to `{}` in more than {} ways, through all products that it reads",
                               program.products[product].qualified(), kMostWays),
                   0, 0};
  return {};
}

void ProductPlaces::hand_on(int product, Record& record) const {
  const Product& through = products_[static_cast<size_t>(product)];
  if (through.ways > 1) {
    const Share& share = through.shares[record.source];
    BRAID_CHECK(share.ways > 0, "a row of a relation that its product does not read");
    // The partition comes first, then the way. What made rows have for one are ways alone.
    const bool made = record.source + 1 == through.shares.size();
    const uint32_t partition = made ? 0 : record.partition / share.ways;
    const uint32_t way = made ? std::min(record.partition, share.ways - 1) : record.partition % share.ways;
    record.partition = partition * through.ways + share.first + way;
  }
  record.source = sources_ + static_cast<uint32_t>(product);
}

}  // namespace braid
