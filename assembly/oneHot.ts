export function one_hot_f32_i32(out: usize, indices: usize, classes: usize, begin: usize, end: usize): void {
  memory.fill(out + ((begin * classes) << 2), 0, ((end - begin) * classes) << 2);
  for (; begin < end; begin++)
    store<f32>(out + ((begin * classes + load<u32>(indices + (begin << 2))) << 2), 1);
}
