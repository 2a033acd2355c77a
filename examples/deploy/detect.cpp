// Scores pictures with a model that `aaclip export` wrote.
//
//   c++ -std=c++17 -O2 detect.cpp -I onnxruntime/include -L onnxruntime/lib -lonnxruntime -o detect
//   ./detect model.onnx 0.5 a.jpg b.png
//
// Needs a release of onnxruntime, and stb_image.h (https://github.com/nothings/stb) to read pictures. On Windows, Ort::Session
// takes a wide string.
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define STB_IMAGE_IMPLEMENTATION
#include "stb_image.h"

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: detect MODEL THRESHOLD PICTURE...\n"), 2;
  const float threshold = std::strtof(argv[2], nullptr);
  try {
    Ort::Env env(ORT_LOGGING_LEVEL_WARNING, "detect");
    Ort::Session session(env, argv[1], Ort::SessionOptions{});
    const Ort::MemoryInfo memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    const bool several = session.GetInputCount() > 1;  // then `class` says which class a picture shows
    for (int i = 3; i < argc; ++i) {
      int width = 0, height = 0, channels = 0;
      stbi_uc* pixels = stbi_load(argv[i], &width, &height, &channels, 3);
      if (!pixels) return std::fprintf(stderr, "%s: %s\n", argv[i], stbi_failure_reason()), 1;
      const std::array<int64_t, 4> shape{1, height, width, 3};
      const std::array<int64_t, 1> one{1};
      std::array<int64_t, 1> number{0};
      std::vector<Ort::Value> feeds;
      feeds.push_back(Ort::Value::CreateTensor<uint8_t>(memory, pixels, size_t(width) * height * 3, shape.data(), 4));
      if (several) feeds.push_back(Ort::Value::CreateTensor<int64_t>(memory, number.data(), 1, one.data(), 1));
      const char* inputs[] = {"pictures", "class"};
      const char* outputs[] = {"normalized_score", "map"};
      auto found = session.Run(Ort::RunOptions{nullptr}, inputs, feeds.data(), feeds.size(), outputs, 2);
      stbi_image_free(pixels);
      const float score = *found[0].GetTensorData<float>();  // 0 to 1; the model's own threshold is 0.5
      const auto dims = found[1].GetTensorTypeAndShapeInfo().GetShape();  // [1, S, S], 0 to 1 at every pixel
      const float* map = found[1].GetTensorData<float>();
      const int64_t at = std::max_element(map, map + dims[1] * dims[2]) - map;
      std::printf("%s: %s, score %.4f, most of it at %d,%d\n", argv[i], score >= threshold ? "FAULTY" : "good", score,
                  int(at % dims[2] * width / dims[2]), int(at / dims[2] * height / dims[1]));
    }
  } catch (const Ort::Exception& error) {
    return std::fprintf(stderr, "%s: %s\n", argv[1], error.what()), 1;
  }
}
