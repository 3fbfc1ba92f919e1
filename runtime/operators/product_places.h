// Places of rows that have come through a union or a product, so that no two of them have one place.
//
// A record's place is (source, partition, position), and a row that a step made has its key's hash for a position. Two
// steps may make rows of one key at one time: where their rows meet in a union, the partition of such a row is the
// number of the way that it came. Behind a product a row has the product as its source. Its partition tells there which
// partition it had, and which of the relations that the product reads it comes from; the position stays.
//
// All of this follows from the flow of the product alone: what other products a program has does not show.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/result.h"
#include "runtime/data/block.h"

namespace braid {

/// Whether its rows are its own, not records that it hands on.
bool makes_rows(const Operator& op);
/// For each operator: in how many ways rows that steps make come to it, its own among them. In the order of the inputs,
/// so the rows of a union's second input have numbers from the ways of the first on.
std::vector<uint32_t> made_ways(const Program& program);

class ProductPlaces {
 public:
  /// `program` may be a stage. What it says here is then of the whole, with the stage's numbers of relations.
  explicit ProductPlaces(const Program& program);
  /// Fails if rows of more than kMostWays ways meet in a product: partitions would have no numbers.
  Status check(const Program& program) const;
  /// The record of a row that leaves the flow of `product`, as those have it who read the product, or a port of it.
  void hand_on(int product, Record& record) const;
  /// A partition of the record of such a row is less than that many times a partition of a source.
  uint32_t ways(int product) const { return products_[static_cast<size_t>(product)].ways; }
  /// The relations that the product reads, in the order of their ways; empty: it is one alone.
  const std::string& text(int product) const { return products_[static_cast<size_t>(product)].text; }

  static constexpr uint32_t kMostWays = 4096;

 private:
  /// Rows of one relation, which come in several ways: those of a product, or those that steps have made.
  struct Share {
    uint32_t first = 0, ways = 0;  ///< no ways: the product does not read it
  };
  struct Product {
    uint32_t ways = 1;
    std::vector<Share> shares;  ///< by number of the relation, Record::source
    std::string text;
  };
  class Walk;

  uint32_t sources_;
  std::vector<Product> products_;
};

}  // namespace braid
