#include "runtime/engine/file_service.h"

#include <map>

#include "runtime/codec/fault_report.h"
#include "runtime/connect/source.h"
#include "runtime/data/value.h"
#include "runtime/engine/decode_source.h"
#include "runtime/engine/record_file.h"
#include "runtime/report/lookup_findings.h"

namespace braid {
namespace {

class FileService final : public Service {
 public:
  FileService(Fs& fs, const ServiceSpec& spec) : fs_(fs), spec_(spec) {
    source_.name = spec.name;
    source_.binding = spec.binding;
    for (const auto* fields : {&spec.parameters, &spec.result})
      for (const Field& field : *fields) source_.decode.push_back({field.name, {field.name}, field.type, false});
    plan_ = decode_plan(source_);
  }

  Status read() {
    BRAID_ASSIGN(const std::vector<std::string> paths, find_partitions(fs_, spec_.binding.address));
    for (const std::string& path : paths) BRAID_TRY(read(path));
    return {};
  }

  std::vector<ServiceReply> ask(std::span<const ServiceRequest> requests) override {
    std::vector<ServiceReply> replies;
    for (const ServiceRequest& request : requests) {
      const auto known = records_.find(request.arguments);
      replies.push_back(known == records_.end()
                            ? ServiceReply{.kind = ServiceReply::Kind::nothing, .record = {}, .reason = {}}
                            : known->second);
    }
    return replies;
  }

 private:
  Status read(const std::string& path) {
    return read_record_file(
        fs_, path, plan_, arena_,
        {.refuse = [&](const Record& record, const std::string& reason) { return wrong(path, record, reason); },
         .take = [&](const Block& block, const Decoder& decoder) -> Status {
           for (uint32_t row = 0; row < block.rows; ++row) BRAID_TRY(take(path, block, row, decoder.header()));
           return {};
         }});
  }

  static Error wrong(const std::string& path, const Record& record, const std::string& reason) {
    return {ErrorKind::input, fmt::format("{}:{}: {}", path, record.line, reason), 7121, 0};
  }

  Status take(const std::string& path, const Block& block, uint32_t row, std::string_view header) {
    const Record& record = block.record_of(row);
    ServiceReply reply{.kind = ServiceReply::Kind::found, .record = {}, .reason = {}};
    std::vector<std::string> arguments;
    std::vector<Value> result;
    size_t column = 0;
    for (size_t i = 0; i < plan_.fields.size(); ++i) {
      const DecodeField& field = plan_.fields[i];
      const bool parameter = i < spec_.parameters.size();
      const auto fault = static_cast<ConversionFault>(block.columns[column++].as<uint8_t>()[row]);
      std::vector<Slot> slots;
      for (size_t leaves = leaf_count(field.type); leaves > 0; --leaves)
        slots.push_back(read_slot(block.columns[column++], row));
      if (fault != ConversionFault::none) {
        const std::string why = describe_fault(plan_, field, fault, record.bytes.view(), header).message;
        if (parameter) return wrong(path, record, why);
        reply = {.kind = ServiceReply::Kind::failed, .record = {}, .reason = why};
        continue;
      }
      Value value = from_slots(field.type, slots.data());
      if (!parameter) {
        result.push_back(std::move(value));
      } else {
        if (value.is_null()) return {};  // nobody asks for null
        arguments.push_back(to_cell(field.type, value));
      }
    }
    if (reply.kind == ServiceReply::Kind::found)
      reply.record = to_json(struct_type(spec_.result), Value{std::move(result)});
    records_[std::move(arguments)] = std::move(reply);
    return {};
  }

  Fs& fs_;
  const ServiceSpec& spec_;
  SourceSpec source_;
  DecodePlan plan_;
  Arena arena_;
  std::map<std::vector<std::string>, ServiceReply> records_;
};

}  // namespace

Result<std::unique_ptr<Service>> make_file_service(Fs& fs, const ServiceSpec& spec) {
  auto service = std::make_unique<FileService>(fs, spec);
  BRAID_TRY(service->read());
  return std::unique_ptr<Service>(std::move(service));
}

}  // namespace braid
