#include "cli/session/registry.h"

#include <algorithm>

#include "cli/project/registry_config.h"
#include "cli/session/references.h"
#include "runtime/codec/avro_decoder.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/change_row.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/codec/protobuf_encoder.h"
#include "runtime/connect/registry/load/load.h"
#include "runtime/connect/topic_template.h"
#include "runtime/engine/decode_source.h"
#include "runtime/report/format_diagnostics.h"

namespace braid::cli {
namespace {

/// Compiling a reader takes as long as reading a million records by the tables.
constexpr size_t kExpectedSchemas = 3;

const typed::Relation* product_of(const typed::Project& project, const ProductSpec& product) {
  for (const typed::Relation& each : project.relations)
    if (each.kind == typed::RelationKind::product && each.qualified() == product.qualified() &&
        each.version == product.version)
      return &each;
  return nullptr;
}

std::vector<Field> written_row(const ProductSpec& product) {
  return braid::written_row(product.row, product.changes, product.change_form);
}

/// Columns keep the numbers that they have in the registry.
Result<std::string> protobuf_schema(registry::RegistryService& service, const ProductSpec& product,
                                    const std::string& topic) {
  BRAID_ASSIGN(const std::shared_ptr<const WriterSchema> earlier, service.latest(topic));
  const bool known = earlier != nullptr && earlier->language == SchemaLanguage::protobuf;
  auto text = protobuf_schema_of(product.qualified(), written_row(product), known ? earlier->text : std::string());
  if (text.ok()) return text;
  const Diagnostic wrong =
      diag::NoProtobufSchema{.product = product.qualified(), .reason = text.error().message}.make();
  return Error{ErrorKind::output, wrong.message, wrong.code};
}

}  // namespace

bool has_framing(const std::string& format) {
  return format == "avro" || format == "protobuf";
}

bool has_framing(const Binding& binding) {
  return binding.kind == "topic" && (binding.is_avro() || has_framing(binding.format)) &&
         binding.option("schema") == nullptr;
}

bool needs_registry(const Program& program, const std::map<int, TopicBinding>& outputs) {
  return std::ranges::any_of(program.sources, [](const SourceSpec& each) { return has_framing(each.binding); }) ||
         std::ranges::any_of(outputs, [](const auto& each) { return has_framing(each.second.format); });
}

std::optional<registry::ServiceOptions> registry_options(const Environment& environment, const std::string& root,
                                                         Reporter& reporter) {
  const RegistryConfig& config = *environment.registry;
  const bool was_right = !reporter.has_errors();
  References references(config.places, root, reporter);
  registry::ServiceOptions made;
  std::string urls = references.read("url", config.url);
  for (size_t begin = 0; begin <= urls.size() && !urls.empty();) {
    const size_t end = std::min(urls.find(',', begin), urls.size());
    made.settings.urls.push_back(urls.substr(begin, end - begin));
    begin = end + 1;
  }
  made.settings.user = references.read("user", config.user);
  made.settings.password = references.read("password", config.password);
  made.settings.token = references.read("token", config.token);
  if (!config.ca.empty()) made.ca_file = references.path(references.read("ca", config.ca));
  if (was_right && reporter.has_errors()) return std::nullopt;
  return made;
}

Result<std::unique_ptr<registry::RegistryService>> open_registry(const registry::ServiceOptions& options) {
  BRAID_ASSIGN(const registry::MakeRegistryService make, registry::load_registry());
  auto made = make(options, system_clock());
  if (made.ok()) return std::move(made).value();
  const std::string url = options.settings.urls.empty() ? "" : options.settings.urls.front();
  const Diagnostic refused = diag::RegistryRefused{.url = url, .reason = made.error().message}.make();
  return Error{ErrorKind::usage, refused.message, refused.code};
}

void read_by_registry(registry::RegistryService& service, Program& program) {
  for (SourceSpec& source : program.sources)
    if (has_framing(source.binding)) source.writer_schemas = &service;
}

Status register_products(registry::RegistryService& service, const Program& program, const typed::Project& project,
                         std::map<int, TopicBinding>& outputs) {
  for (auto& [index, binding] : outputs) {
    if (!has_framing(binding.format)) continue;
    const ProductSpec& product = program.products[static_cast<size_t>(index)];
    const bool protobuf = binding.format == "protobuf";
    BRAID_ASSIGN(std::string schema, protobuf ? protobuf_schema(service, product, topic_for_all(binding.topic))
                                              : avro_schema_of(product.qualified(), written_row(product)));
    if (protobuf) binding.schema = schema;
    registry::ProductSchema wanted{
        .product = product.qualified(),
        .topic = topic_for_all(binding.topic),
        .record = product.qualified(),
        .schema = {protobuf ? registry::SchemaType::protobuf : registry::SchemaType::avro, std::move(schema), {}},
        .level = {}};
    if (const typed::Relation* relation = product_of(project, product)) wanted.level = relation->compatible;
    BRAID_ASSIGN(const registry::RegisteredProduct done, service.add(wanted));
    binding.schema_id = static_cast<uint32_t>(done.id);
  }
  return {};
}

ExpectedSchemas expected_schemas(registry::RegistryService& service, const Program& program) {
  ExpectedSchemas made(program.sources.size());
  for (size_t i = 0; i < program.sources.size(); ++i) {
    const SourceSpec& source = program.sources[i];
    if (!has_framing(source.binding)) continue;
    const DecodePlan plan = decode_plan(source);
    const SchemaLanguage wanted = source.binding.is_avro() ? SchemaLanguage::avro : SchemaLanguage::protobuf;
    for (const auto& written : service.newest(source.binding.address, kExpectedSchemas)) {
      if (written->language != wanted) continue;
      if (wanted == SchemaLanguage::avro) {
        if (auto each = plan_of_writer_schema(plan, *written); each.ok()) made[i].push_back({.avro = *each});
      } else if (auto each = table_of_writer_schema(plan, *written); each.ok()) {
        made[i].push_back({.protobuf = *each});
      }
    }
  }
  return made;
}

}  // namespace braid::cli
