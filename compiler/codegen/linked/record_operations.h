// What generated decoders call: one function for each kind of field, and the keys of JSON records. This is compiled
// twice: to bitcode like row_operations.cpp, which generated code inlines, and into libbraid_codegen for what is only
// called (decoder_emitter.h).
#pragma once

#include "runtime/abi/record_frame.h"

extern "C" {

bool braid_json_key(const braid::PredictedKey* key, const char* at);
const char* braid_json_skip(braid::ReadFrame* frame, braid::PredictedKey* key, const char* at, uint64_t depth);
void braid_json_missing(braid::ReadFrame* frame, const braid::RecordField* const* fields, uint64_t count,
                        const uint64_t* seen, uint64_t row);
const char* braid_json_text(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                            const char* at, uint64_t row);
const char* braid_json_integer(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                               const char* at, uint64_t row);
const char* braid_json_float(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                             const char* at, uint64_t row);
const char* braid_json_decimal(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                               const char* at, uint64_t row);
const char* braid_json_boolean(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                               const char* at, uint64_t row);
const char* braid_json_timestamp(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                                 const char* at, uint64_t row);
const char* braid_json_instant(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                               const char* at, uint64_t row);
/// braid_json_timestamp, which is not inlined.
const char* called_json_timestamp(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                                  const char* at, uint64_t row);
const char* braid_json_date(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                            const char* at, uint64_t row);
const char* braid_json_symbol(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                              const char* at, uint64_t row);
const char* braid_json_other(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey*,
                             const char* at, uint64_t row);
void braid_csv_text(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);
void braid_csv_integer(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);
void braid_csv_float(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);
void braid_csv_decimal(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);
void braid_csv_boolean(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);
void braid_csv_timestamp(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);
void braid_csv_date(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);
void braid_csv_symbol(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);
void braid_csv_other(braid::ReadFrame* frame, const braid::RecordField* field, uint64_t row);

}  // extern "C"
