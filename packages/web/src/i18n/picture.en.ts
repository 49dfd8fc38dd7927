/** All texts for choosing and cutting out a picture. */
export const messages = {
  picture: {
    choose: 'Choose a picture',
    change: 'Change',
    remove: 'Remove',
    hint: 'Choose a picture, drop one here, or paste it.',
    title: { avatar: 'Crop your picture', cover: 'Crop the cover' },
    how: 'Drag the picture to place it; zoom by the wheel, two fingers or the slider.',
    stage: 'Place of the picture: arrow keys move it, plus and minus zoom',
    zoom: 'Zoom',
    use: 'Use this picture',
    problem: {
      svg: 'SVG drawings may hide programs and cannot be used. Save it as PNG and upload that.',
      notPicture: 'This file is not a picture. Choose a JPEG, PNG, WebP, GIF or AVIF picture.',
      tooLarge: 'This picture is too large. Choose one of up to 40 MB.',
      tooManyPixels: 'This picture has more than 50 million pixels. Make it smaller, then upload it.',
      unreadable: 'This picture cannot be opened. It may be damaged, or of a kind that your browser does not know.',
    },
  },
};
