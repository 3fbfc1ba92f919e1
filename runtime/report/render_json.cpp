#include "runtime/report/render_json.h"

#include <nlohmann/json.hpp>

#include "runtime/report/display_line.h"

namespace braid {
namespace {

// Keys stay in the order they are written in, so that output can be compared as text.
using Json = nlohmann::ordered_json;

std::string_view word_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "error";
}

std::string_view word_of(Applicability applicability) {
  switch (applicability) {
    case Applicability::certain:
      return "certain";
    case Applicability::likely:
      return "likely";
    case Applicability::sketch:
      return "sketch";
  }
  return "likely";
}

Json point(const SourceSet& sources, uint32_t file, uint32_t offset) {
  const LineColumn at = sources.position(file, offset);
  return {{"offset", offset}, {"line", at.line}, {"column", at.column}};
}

Json place(const SourceSet& sources, Span span) {
  if (span.file >= sources.size() || span.end > sources.file(span.file).text.size()) return nullptr;
  return {{"file", sources.file(span.file).path},
          {"begin", point(sources, span.file, span.begin)},
          {"end", point(sources, span.file, span.end)}};
}

Json value(const DiagnosticArgument& argument) {
  return std::visit([](const auto& held) { return Json(held); }, argument);
}

Json object(const Diagnostic& diagnostic, const SourceSet& sources) {
  Json labels = Json::array();
  for (const Label& label : diagnostic.labels)
    labels.push_back({{"primary", labels.empty()}, {"text", label.text}, {"place", place(sources, label.span)}});
  Json arguments = Json::object();
  for (const auto& [name, argument] : diagnostic.arguments) arguments[name] = value(argument);
  Json fixes = Json::array();
  for (const Fix& fix : diagnostic.fixes) {
    Json edits = Json::array();
    for (const Edit& edit : fix.edits) edits.push_back({{"place", place(sources, edit.span)}, {"text", edit.text}});
    fixes.push_back({{"applicability", word_of(fix.applicability)}, {"text", fix.text}, {"edits", std::move(edits)}});
  }
  const CatalogueEntry* entry = find_catalogue_entry(diagnostic.code);
  return {{"code", code_text(diagnostic)},
          {"name", entry == nullptr ? "" : entry->name},
          {"severity", word_of(diagnostic.severity)},
          {"message", diagnostic.message},
          {"arguments", std::move(arguments)},
          {"labels", std::move(labels)},
          {"notes", diagnostic.notes},
          {"fixes", std::move(fixes)}};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

// A message may quote broken input; a diagnostic must not be lost for it.
std::string written(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string render_json(const Diagnostic& diagnostic, const SourceSet& sources) {
  return written(object(diagnostic, sources));
}

std::string render_json(const Diagnostic& diagnostic, const RecordPlace& place, const SourceSet& sources) {
  Json json = object(diagnostic, sources);
  Json record = {{"source", place.source},
                 {"partition", place.partition},
                 {"position", place.position},
                 {"line", place.line > 0 ? Json(place.line) : Json(nullptr)}};
  if (is_utf8(place.bytes))
    record["bytes"] = place.bytes;
  else
    record["bytes_base64"] = base64(place.bytes);
  if (place.mark_begin < place.mark_end) record["mark"] = {place.mark_begin, place.mark_end};
  json["record"] = std::move(record);
  return written(json);
}

}  // namespace braid
