#include "runtime/engine/output_history.h"

#include "runtime/engine/record_file.h"
#include "runtime/engine/written_rows.h"
#include "runtime/report/view_findings.h"

namespace braid {
namespace {

Error not_filled(const ProductSpec& product, std::string reason) {
  const Diagnostic finding = diag::ViewNotFilled{.view = product.qualified(), .reason = std::move(reason)}.make();
  return {ErrorKind::output, finding.message, finding.code, 0};
}

}  // namespace

Status read_output_history(const Program& program, const ViewSpec& view, const OutputFiles& outputs, Fs& fs,
                           const std::function<Status(const Block& rows)>& take) {
  const ProductSpec& product = program.products[static_cast<size_t>(view.product)];
  const Result<OutputFiles::Readable> output = outputs.readable(view.product);
  if (!output.ok()) return not_filled(product, output.error().message);
  if (output->bytes == 0) return {};
  const std::string& path = output->path;
  const SourceSpec source = written_source(product, {.format = output->binding.format, .style = output->binding.style});
  WrittenRows rows(product, view, source);
  const auto changed = [&](const Record& record, const std::string& reason) {
    return not_filled(product, fmt::format("{}:{}: {}", path, record.line, reason));
  };
  Arena arena;
  return read_record_file(fs, path, rows.plan(), arena,
                          {.refuse = changed, .take = [&](const Block& block, const Decoder& decoder) -> Status {
                             Block made = allocate_block(rows.leaves(), block.rows, arena);
                             made.rows = block.rows;
                             for (uint32_t row = 0; row < block.rows; ++row)
                               if (const auto reason = rows.convert(block, row, decoder.header(), made, row))
                                 return changed(block.record_of(row), *reason);
                             return take(made);
                           }});
}

}  // namespace braid
