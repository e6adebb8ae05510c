// SPDX-License-Identifier: Apache-2.0
// Model folders: sharded weights, config.json as people have it, and what is wrong with it said in one line.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "collector/denoiser.h"
#include "collector/models/dit.h"
#include "db/error.h"
#include "tests/collector/golden_model.h"

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string problemOf(const fs::path& folder) {
  try {
    loadDenoiser(folder);
  } catch (const db::Error& error) {
    EXPECT_EQ(error.kind(), db::Error::Kind::BadInput);
    EXPECT_THAT(error.what(), HasSubstr(folder.string()));
    EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("\n")));
    return error.what();
  }
  return "accepted";
}

// Splits the weights of a golden model over two shards; the index is written by the test.
class Sharded : public ::testing::Test {
 protected:
  Sharded() : m_model("wan_tiny") {
    fs::remove(m_model.folder() / "diffusion_pytorch_model.safetensors");
    for (const auto& [name, tensor] : m_model.weights) {
      (m_shards[0].size() < 30 ? m_shards[0] : m_shards[1])[name] = tensor;
    }
    for (int i = 0; i < 2; ++i) {
      for (const auto& [name, tensor] : m_shards[i]) m_index["weight_map"][name] = kNames[i];
    }
    m_index["metadata"] = {{"total_size", 1}, {"extra", nullptr}};
  }
  std::string problem() {
    for (int i = 0; i < 2; ++i) writeSafetensors(m_model.folder() / kNames[i], m_shards[i]);
    std::ofstream(m_model.folder() / "diffusion_pytorch_model.safetensors.index.json") << m_index.dump();
    return problemOf(m_model.folder());
  }

  static constexpr const char* kNames[] = {"diffusion_pytorch_model-00001-of-00002.safetensors",
                                           "diffusion_pytorch_model-00002-of-00002.safetensors"};
  GoldenModel m_model;
  TensorMap m_shards[2];
  nlohmann::json m_index;
};

TEST_F(Sharded, IsRead) {
  EXPECT_EQ(problem(), "accepted");
  EXPECT_EQ(readCheckpoint(m_model.folder()).size(), m_model.weights.size());
}

TEST_F(Sharded, MetadataMayBeAbsent) {
  m_index.erase("metadata");
  EXPECT_EQ(problem(), "accepted");
}

TEST_F(Sharded, TensorThatItsShardLacks) {
  m_shards[1].erase("proj_out.bias");
  EXPECT_THAT(problem(), AllOf(HasSubstr("lacks the tensor \"proj_out.bias\""), HasSubstr(kNames[1])));
}

TEST_F(Sharded, TensorInTwoShards) {
  m_shards[1]["blocks.0.norm2.bias"] = m_shards[0].at("blocks.0.norm2.bias");
  EXPECT_THAT(problem(), HasSubstr("\"blocks.0.norm2.bias\" is in another shard too"));
}

TEST_F(Sharded, ExtraTensorsAreReported) {
  m_shards[1]["stray"] = at::ones({1});
  EXPECT_EQ(problem(), "accepted");
  std::vector<std::string> unexpected;
  loadDenoiser(m_model.folder(), {}, &unexpected);
  EXPECT_THAT(unexpected, ElementsAre("stray"));
}

TEST_F(Sharded, ShardNamesStayInTheFolder) {
  for (const char* name : {"../x.safetensors", "/etc/passwd", "a/b.safetensors", "a\\b", "..", ""}) {
    m_index["weight_map"]["proj_out.bias"] = name;
    EXPECT_THAT(problem(), HasSubstr("not as a plain file name")) << name;
  }
  m_index["weight_map"]["proj_out.bias"] = 1;
  EXPECT_THAT(problem(), HasSubstr("not as a plain file name"));
}

TEST_F(Sharded, BrokenIndex) {
  m_index.erase("weight_map");
  EXPECT_THAT(problem(), HasSubstr("weight_map"));
  m_index["weight_map"] = nlohmann::json::object();
  EXPECT_THAT(problem(), HasSubstr("weight_map"));
}

TEST_F(Sharded, MissingShard) {
  m_index["weight_map"]["proj_out.bias"] = "diffusion_pytorch_model-00003-of-00003.safetensors";
  EXPECT_THAT(problem(), AllOf(HasSubstr("00003-of-00003"), HasSubstr("cannot read it")));
}

TEST(Load, PipelineFolder) {
  const GoldenModel model("wan_tiny");
  const TemporaryFolder pipeline;
  fs::create_directory_symlink(model.folder(), pipeline.path() / "transformer");
  EXPECT_EQ(loadDenoiser(pipeline.path())->shape().className, "WanTransformer3DModel");
}

TEST(Load, NoModelThere) {
  const TemporaryFolder folder;
  EXPECT_THAT(problemOf(folder.path()), HasSubstr("config.json"));
  EXPECT_THAT(problemOf(folder.path() / "absent"), HasSubstr("cannot read it"));
}

TEST(Load, NoWeightsThere) {
  const GoldenModel model("dit_tiny");
  fs::remove(model.folder() / "diffusion_pytorch_model.safetensors");
  EXPECT_THAT(problemOf(model.folder()), HasSubstr("has neither"));
  std::ofstream(model.folder() / "diffusion_pytorch_model.bin") << "pickle";
  EXPECT_THAT(problemOf(model.folder()), HasSubstr("safe_serialization"));
}

TEST(Load, MissingParametersAreCountedAndNamed) {
  GoldenModel model("dit_tiny");
  for (const char* name : {"proj_out_1.bias", "proj_out_1.weight", "proj_out_2.bias", "proj_out_2.weight"}) {
    model.weights.erase(name);
  }
  writeSafetensors(model.folder() / "diffusion_pytorch_model.safetensors", model.weights);
  EXPECT_THAT(
      problemOf(model.folder()),
      HasSubstr("4 of 44 parameters are missing: proj_out_1.bias, proj_out_1.weight, proj_out_2.bias, ..."));
}

TEST(Load, ParametersOfAnotherShape) {
  GoldenModel model("dit_tiny");
  model.config["num_embeds_ada_norm"] = 10;
  model.writeConfig();
  EXPECT_THAT(problemOf(model.folder()), HasSubstr("embedding_table.weight has another shape"));
}

TEST(Load, OlderConfigOfDit) {
  GoldenModel model("dit_tiny");
  model.config["_class_name"] = "Transformer2DModel";
  for (const char* key :
       {"double_self_attention", "only_cross_attention", "use_linear_projection", "upcast_attention"}) {
    model.config[key] = false;
  }
  for (const char* key : {"num_vector_embeds", "cross_attention_dim", "norm_eps", "caption_channels"}) {
    model.config[key] = nullptr;
  }
  model.writeConfig();
  EXPECT_EQ(loadDenoiser(model.folder())->shape().className, "DiTTransformer2DModel");

  model.config["norm_type"] = "ada_norm_single";
  model.writeConfig();
  EXPECT_THAT(problemOf(model.folder()), HasSubstr("\"Transformer2DModel\" is not supported"));
}

TEST(Load, ConfigThatIsWrong) {
  const auto problemWith = [](const char* name, const char* key, const nlohmann::json& value) {
    GoldenModel model(name);
    model.config[key] = value;
    model.writeConfig();
    return problemOf(model.folder());
  };
  EXPECT_THAT(problemWith("dit_tiny", "_class_name", "UNet2DModel"),
              HasSubstr("\"UNet2DModel\" is not supported"));
  EXPECT_THAT(problemWith("dit_tiny", "num_layers", "2"), HasSubstr("num_layers"));
  EXPECT_THAT(problemWith("dit_tiny", "num_layers", 2.5), HasSubstr("num_layers"));
  EXPECT_THAT(problemWith("dit_tiny", "num_layers", 0), HasSubstr("num_layers"));
  EXPECT_THAT(problemWith("dit_tiny", "num_layers", -1), HasSubstr("num_layers"));
  EXPECT_THAT(problemWith("dit_tiny", "num_layers", 18446744073709551615ull), HasSubstr("num_layers"));
  EXPECT_THAT(problemWith("dit_tiny", "attention_head_dim", 1 << 30), HasSubstr("attention_head_dim"));
  EXPECT_THAT(problemWith("dit_tiny", "activation_fn", "geglu"), HasSubstr("geglu"));
  EXPECT_THAT(problemWith("dit_tiny", "norm_eps", 0), HasSubstr("norm_eps"));
  EXPECT_THAT(problemWith("dit_tiny", "attention_bias", false), HasSubstr("attention_bias"));
  EXPECT_THAT(problemWith("wan_tiny", "num_layers", "2"), HasSubstr("num_layers"));
  EXPECT_THAT(problemWith("wan_tiny", "patch_size", 2), HasSubstr("patch_size"));
  EXPECT_THAT(problemWith("wan_tiny", "num_layers", 3), HasSubstr("are missing: blocks.2."));
}

TEST(Load, ADitConfigSurvivesWritingAndReading) {
  DitConfig config;
  config.layers = 5;
  config.headDim = 16;
  config.outChannels = 8;
  config.sampleSize = 28;
  config.classes = 10;
  const DitConfig again = readDitConfig(ConfigReader(ditConfigToJson(config), "config.json"));
  EXPECT_EQ(ditParameterShapes(again), ditParameterShapes(config));
  EXPECT_EQ(again.sampleSize, 28);
}

TEST(Load, ParameterShapesAreThoseOfDiffusers) {
  DitConfig xl2;  // the published model
  xl2.headDim = 72;
  xl2.layers = 28;
  xl2.outChannels = 8;
  int64_t parameters = 0;
  for (const auto& [name, shape] : ditParameterShapes(xl2)) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    parameters += count;
  }
  EXPECT_NEAR(static_cast<double>(parameters), 749.8e6, 0.05e6);
}

}  // namespace
}  // namespace ditscope::collector
