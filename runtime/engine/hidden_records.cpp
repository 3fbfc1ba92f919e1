// Ports of products that read another domain. The record behind a row is that domain's, and may tell what this one does
// not see: it is not shown. Of what happened in steps of the other domain only the code is.
#include "runtime/engine/dispositions.h"

namespace braid {

std::vector<int> LedgerDispositions::hiding(const std::vector<int>& products, bool hide) const {
  std::vector<int> found;
  for (const int product : products)
    if (program_.products[product].hides_records == hide) found.push_back(product);
  return found;
}

bool LedgerDispositions::shows(int product, Span step) const {
  const ProductSpec& of = program_.products[product];
  const auto domain = program_.domains.find(step.file);
  return !of.hides_records || (domain != program_.domains.end() && domain->second == of.domain);
}

Record LedgerDispositions::hidden(const Record& record) {
  Record unseen = record;
  unseen.bytes = {};
  if (unseen.line == kMadeByWindow) unseen.line = 0;
  if (unseen.line > 0) unseen.position = 0;  // in bytes: it tells how long the records before are
  return unseen;
}

void LedgerDispositions::write_error(const std::vector<int>& products, const std::string& port, const Site& site,
                                     const Reason& reason, const Record& record, const std::vector<Field>* row_type,
                                     const Block* block, uint32_t row, bool is_change) {
  const std::vector<int> hiding_ones = hiding(products, true);
  if (hiding_ones.empty())
    return write_error_row(products, port, site, reason, record, row_type, block, row, is_change);
  if (const std::vector<int> others = hiding(products, false); !others.empty())
    write_error_row(others, port, site, reason, record, row_type, block, row, is_change);
  // A record of another domain: its bytes, and what is said of them there, may tell what this domain does not see.
  const Record unseen = hidden(record);
  for (const int product : hiding_ones) {
    if (shows(product, site.span)) {
      write_error_row({product}, port, site, reason, unseen, row_type, block, row, is_change);
      continue;
    }
    Reason code;
    code.code = reason.code;
    write_error_row({product}, port, site, code, unseen, nullptr, nullptr, 0, is_change);
  }
}

}  // namespace braid
