#include "runtime/engine/output_history.h"

#include "runtime/codec/change_encoder.h"
#include "runtime/codec/fault_report.h"
#include "runtime/data/row_change.h"
#include "runtime/engine/decode_source.h"
#include "runtime/engine/record_file.h"
#include "runtime/report/view_findings.h"

namespace braid {
namespace {

class History {
 public:
  History(const Program& program, const ViewSpec& view, const OutputBinding& binding)
      : product_(program.products[static_cast<size_t>(view.product)]), view_(view) {
    std::vector<Field> row = product_.row;
    if (product_.changes) row.push_back({std::string(kChange), int_type()});
    leaves_ = flatten(row);
    source_.name = product_.qualified();
    source_.binding = {.kind = "file", .format = binding.format, .options = {}};
    const CsvStyle& style = binding.style;
    auto& options = source_.binding.options;
    if (binding.format == "csv") {
      options = {{"null", style.null_marker},
                 {"separator", std::string(1, style.separator)},
                 {"quote", std::string(1, style.quote)},
                 {"decimal", style.decimal_comma ? "," : "."}};
      if (!style.header) options.emplace_back("names", names());
    }
    const auto read = [&](const std::string& name, std::vector<std::string> path, Type type, bool fallback) {
      source_.decode.push_back({name, std::move(path), std::move(type), fallback});
    };
    const bool whole = product_.changes && product_.change_form == ChangeForm::debezium;
    const auto add_row = [&](const std::string& side) {
      for (const Field& field : product_.row) {
        std::vector<std::string> path{field.name};
        if (!side.empty()) path.insert(path.begin(), side);
        read(field.name, std::move(path), side.empty() ? field.type : optional_type(field.type), false);
      }
    };
    if (whole) {
      read("op", {"op"}, string_type(), false);
      add_row("after");
      add_row("before");
      return;
    }
    if (product_.changes && product_.change_form == ChangeForm::append)
      read(std::string(kOperationMark), {std::string(kOperationMark)}, string_type(), false);
    if (product_.changes && product_.change_form == ChangeForm::upsert)
      read(std::string(kDeletedMark), {std::string(kDeletedMark)}, bool_type(), true);
    add_row("");
  }

  Status read(Fs& fs, const std::string& path, const std::function<Status(const Block&)>& take) {
    const DecodePlan plan = decode_plan(source_);
    return read_record_file(
        fs, path, plan, arena_,
        {.refuse = [&](const Record& record, const std::string& reason) { return changed(path, record.line, reason); },
         .take = [&](const Block& block, const Decoder& decoder) -> Status {
           Block made = allocate_block(leaves_, block.rows, arena_);
           made.rows = block.rows;
           for (uint32_t row = 0; row < block.rows; ++row) BRAID_TRY(convert(plan, path, decoder, block, row, made));
           return take(made);
         }});
  }

 private:
  /// A line of CSV.
  std::string names() const {
    std::string line;
    for (const Field& field : product_.row) line += (line.empty() ? "" : ",") + field.name;
    return line;
  }

  Error changed(const std::string& path, int64_t line, const std::string& reason) const {
    const Diagnostic finding =
        diag::ViewNotFilled{.view = product_.qualified(), .reason = fmt::format("{}:{}: {}", path, line, reason)}
            .make();
    return {ErrorKind::output, finding.message, finding.code, 0};
  }

  Status convert(const DecodePlan& plan, const std::string& path, const Decoder& decoder, const Block& block,
                 uint32_t row, const Block& made) {
    size_t column = 0;
    slots_.clear();
    // Of each field: whether there is a value, and its leaves.
    for (const DecodeField& field : plan.fields) {
      const auto fault = static_cast<ConversionFault>(block.columns[column++].as<uint8_t>()[row]);
      if (fault != ConversionFault::none) {
        const Record& record = block.record_of(row);
        return changed(path, record.line,
                       describe_fault(plan, field, fault, record.bytes.view(), decoder.header()).message);
      }
      for (size_t leaves = leaf_count(field.type); leaves > 0; --leaves)
        slots_.push_back(read_slot(block.columns[column++], row));
    }
    RowChange change = RowChange::becomes;
    const Slot* from = slots_.data();
    bool optional_fields = false;
    if (product_.changes) {
      if (product_.change_form == ChangeForm::upsert) {
        if (from[0].u8 != 0 && from[1].u8 != 0) change = RowChange::goes;
        from += 2;
      } else {
        if (from[0].bytes.view() == change_word(RowChange::goes)) change = RowChange::goes;
        from += 1;
      }
      if (product_.change_form == ChangeForm::debezium) {
        optional_fields = true;
        if (change == RowChange::goes)
          for (const Field& field : product_.row) from += leaf_count(optional_type(field.type));
      }
    }
    size_t leaf = 0;
    for (const Field& field : product_.row) {
      if (optional_fields && !is_optional(field.type)) ++from;  // whether it is there: the side is
      for (size_t leaves = leaf_count(field.type); leaves > 0; --leaves) write_slot(made.columns[leaf++], row, *from++);
    }
    if (product_.changes) made.columns[leaf].as<int64_t>()[row] = static_cast<int64_t>(change);
    made.time[row] = time_of(made, row);
    return {};
  }

  int64_t time_of(const Block& made, uint32_t row) const {
    if (view_.time.empty()) return INT64_MIN;
    const FieldPlace place = place_of(product_.row, view_.time);
    const auto is_null = [&](size_t leaf) { return made.columns[leaf].as<uint8_t>()[row] == 0; };
    for (const size_t presence : place.presences)
      if (is_null(presence)) return INT64_MIN;
    const bool optional = is_optional(place.own);
    if (optional && is_null(place.leaf)) return INT64_MIN;
    return made.columns[place.leaf + (optional ? 1 : 0)].as<int64_t>()[row] - view_.time_offset_us;
  }

  const ProductSpec& product_;
  const ViewSpec& view_;
  SourceSpec source_;
  std::vector<Leaf> leaves_;
  Arena arena_;
  std::vector<Slot> slots_;
};

}  // namespace

Status read_output_history(const Program& program, const ViewSpec& view, const OutputFiles& outputs, Fs& fs,
                           const std::function<Status(const Block& rows)>& take) {
  const Result<OutputFiles::Readable> output = outputs.readable(view.product);
  if (!output.ok()) {
    const Diagnostic finding =
        diag::ViewNotFilled{.view = program.products[static_cast<size_t>(view.product)].qualified(),
                            .reason = output.error().message}
            .make();
    return Error{ErrorKind::output, finding.message, finding.code, 0};
  }
  if (output->bytes == 0) return {};
  return History(program, view, output->binding).read(fs, output->path, take);
}

}  // namespace braid
